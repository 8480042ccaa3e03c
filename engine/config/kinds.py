"""What the settings are made of: the kinds of values, and how a section finds its variables."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict


def section(prefix: str) -> SettingsConfigDict:
    """Of variables that begin with `prefix`."""
    return SettingsConfigDict(
        env_prefix=prefix,
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


type CommaSeparated[T] = Annotated[tuple[T, ...], NoDecode, BeforeValidator(_comma_separated)]

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Milliseconds = Annotated[int, Field(ge=0)]
Days = Annotated[int, Field(gt=0)]
Price = Annotated[Decimal, Field(ge=0)]
