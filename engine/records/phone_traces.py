"""A number in what people said and machines noted, however it is written: `067 123-45-67`, `38 (067) 1234567`, `0 6 7,
1 2 3, 4 5, 6 7`. Pure. Numbers spelled in words are not found: recognisers write digits."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

MASK: Final = "***"
_COUNTRY: Final = "+380"
_BETWEEN: Final = r"\W{0,4}"


def traces_of(phone: str) -> str:
    """A regular expression, for Python and PostgreSQL alike, that finds `phone` (+380XXXXXXXXX) with or without its
    prefixes, with up to four signs or spaces between two digits, and not within a longer number."""
    national = _BETWEEN.join(phone.removeprefix(_COUNTRY))
    prefixes = "|".join(_BETWEEN.join(prefix) + _BETWEEN for prefix in ("00380", "380", "80", "0"))
    return rf"(?<!\d)(?:{prefixes})?{national}(?!\d)"


def scrub(value: Any, traces: re.Pattern[str]) -> Any:
    """A value of JSON without them, of the same shape; keys too."""
    if isinstance(value, str):
        return traces.sub(MASK, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return MASK if traces.fullmatch(str(value)) else value
    if isinstance(value, Mapping):
        return {traces.sub(MASK, key): scrub(inner, traces) for key, inner in value.items()}
    if isinstance(value, list):
        return list(map(partial(scrub, traces=traces), value))
    return value
