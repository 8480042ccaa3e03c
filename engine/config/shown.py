"""The settings as people read them: each variable with its value, secrets masked."""

from typing import Any

from pydantic import SecretStr

from engine.config import SECTIONS, Config, variable


def rows(config: Config) -> list[tuple[str, Any, bool]]:
    """(variable, plain value, set by the user)."""
    return [
        (variable(SECTIONS[name], field), plain(getattr(section, field)), field in section.model_fields_set)
        for name in Config.__slots__
        for section in [getattr(config, name)]
        for field in SECTIONS[name].model_fields
    ]


def plain(value: Any) -> Any:
    """Of JSON's types."""
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else str(value)
