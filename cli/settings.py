"""The settings as .env.example."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from engine.config import SECTIONS, variable
from engine.config.shown import plain


def example_file() -> str:
    """Every variable, commented out at its default, under its component's description."""
    head = "# Copy to .env and set what you need; what is left out keeps the default shown.\n"
    return "\n".join([head, *("\n".join(_section(section)) + "\n" for section in SECTIONS.values())])


def _section(section: type[BaseSettings]) -> Iterator[str]:
    yield f"# {_one_line(section.__doc__ or section.__name__)}"
    for field, info in section.model_fields.items():
        if info.description:  # on a line of its own: systemd and Docker take what follows a value for part of it
            yield f"# {_one_line(info.description)}"
        yield f"#{variable(section, field)}={_default(info)}"


def _default(info: FieldInfo) -> str:
    value = plain(info.get_default())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
