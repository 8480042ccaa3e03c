"""Caller numbers as the store knows them. Pure."""

import re
from typing import Final

_SPELLINGS: Final = re.compile(r"(?:(?:00)?380|80|0)([3-9]\d{8})")
"""Digits of a Ukrainian number: international with or without 00, national with the old trunk prefix 8, national."""
_SEPARATORS: Final = re.compile(r"[\s().\-‐-―]+")


def normalize_phone(number: str | None) -> str | None:
    """`+380XXXXXXXXX` of a Ukrainian number in any usual spelling; None for anything else: withheld, an extension,
    another country's."""
    digits = _SEPARATORS.sub("", number or "").removeprefix("+")
    match = _SPELLINGS.fullmatch(digits) if digits.isascii() else None
    return f"+380{match[1]}" if match else None
