"""The settings as people read them: each variable with its value, secrets masked, and as .env.example."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from engine.config import SECTIONS, Config, variable


def rows(config: Config) -> list[tuple[str, Any, bool]]:
    """(variable, plain value, set by the user)."""
    return [
        (variable(SECTIONS[name], field), _plain(getattr(section, field)), field in section.model_fields_set)
        for name in Config.__slots__
        for section in [getattr(config, name)]
        for field in SECTIONS[name].model_fields
    ]


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
    value = _plain(info.get_default())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
