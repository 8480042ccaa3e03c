"""Takes people and secrets out of what is logged. Pure functions; `engine.log` runs every record through them.

Two ways in: by what a text looks like (a phone, an e-mail, "мене звати ...", `api_key=...`) and by the key a value is
logged under (`name`, `address`, `token`). What only resembles a phone stays whole: UUIDs, dates, decimal fractions,
prices, tyre sizes. A line of the engine without anything to hide costs a few microseconds.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final
from uuid import UUID

MASK: Final = "***"
_MAX_DEPTH: Final = 8
_UKRAINE: Final = "38"
_NATIONAL_DIGITS: Final = 10
_SHORTEST_PHONE: Final = 10
_UKRAINIAN_NUMBERS: Final = range(380_300_000_000, 381_000_000_000)

_SEPARATOR = r"[\s\-()‐-―]{0,3}"
_PHONE = re.compile(
    rf"""
    (?P<keep>
        [0-9a-fA-F]{{8}}-(?:[0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}   # UUID
      | (?<!\d)\d{{4}}-\d\d-\d\d(?:[T\s]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)
      | (?<!\d)\d\d\.\d\d\.\d{{4}}(?!\d)
    )
    | (?<![0-9A-Za-z])(?<!\d\.)(?:
        \(?(?:\+?3?8{_SEPARATOR})?0{_SEPARATOR}[3-9](?:{_SEPARATOR}\d){{8}}    # Ukrainian, however it is grouped
      | (?:\+?38)?0[3-9]\d\.\d{{3}}\.\d\d\.\d\d
      | \+{_SEPARATOR}[1-9](?:{_SEPARATOR}\d){{8,14}}                       # any other country, with its plus
    )(?![0-9A-Za-z])
    """,
    re.VERBOSE,
)
_NOT_DIGIT = re.compile(r"\D")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]{1,256}@")
_EMAIL = re.compile(r"([\w.+-])[\w.+-]{0,63}@(\w)[\w-]{0,62}(?:\.[\w-]{1,63})+")
_SECRET = re.compile(
    r"(?i)((?:api[_-]?key|password|passwd|secret|token|authorization)['\"]?\s*[=:]\s*['\"]?(?:(?:bearer|basic)\s+)?"
    r"|\b(?:bearer|basic)\s+)(?!\*)[^\s'\",;&}]+"
    r"|\bsk-[\w-]{12,}|\bAIza[\w-]{20,}"
)
_SECRET_WORDS = ("key", "pass", "secret", "token", "uthoriz", "earer", "asic ", "sk-", "AIza", "KEY", "PASS", "SECRET")
_INTRODUCTION = re.compile(
    r"((?i:мене\s+(?:звати|звуть)|меня\s+зовут|звати\s+мене|зовут\s+меня|мо[єе]\s+(?:ім[\'’ʼ]я|имя)|my\s+name\s+is)"
    r"\s*[,:—-]?\s+)([^\W\d_][\w\'’ʼ-]*(?:\s+[A-ZА-ЯЁІЇЄҐ][\w\'’ʼ-]*){0,2})"
)
_WORD = re.compile(r"([^\W\d_])[\w\'’ʼ-]*")

_NAME_KEYS = frozenset(
    {"name", "customer_name", "caller_name", "first_name", "last_name", "full_name", "surname", "patronymic"}
)
_ADDRESS_KEYS = frozenset({"address", "customer_address", "delivery_address", "street", "apartment"})
_SECRET_KEYS = frozenset({"api_key", "apikey", "authorization", "password", "passwd", "secret", "token", "cookie"})
_SECRET_ENDINGS = ("_api_key", "_password", "_secret", "_token", "-secret", "-token", "-key")
_PHONE_KEYS = frozenset({"phone", "caller", "customer_phone", "caller_number", "phone_number"})


def mask_phone(phone: str) -> str:
    """`+38067***4567` of a Ukrainian number in any spelling; other countries likewise, keeping at most five leading
    and four last digits. What has under seven digits (an extension, "anonymous") is returned as it came."""
    digits = _NOT_DIGIT.sub("", phone)
    if len(digits) < 7:
        return phone
    if len(digits) == _NATIONAL_DIGITS and digits[0] == "0":
        digits = _UKRAINE + digits
    elif len(digits) == _NATIONAL_DIGITS + 1 and digits.startswith("80"):
        digits = "3" + digits
    return f"+{digits[: min(5, len(digits) - 7)]}{MASK}{digits[-4:]}"


def mask_name(name: str) -> str:
    """The first letter of each word: `Іван Петренко` -> `І*** П***`."""
    return _WORD.sub(rf"\1{MASK}", name)


def mask_text(text: str) -> str:
    """The text with phones, e-mails, introduced names, credentials of URLs and spelled-out secrets masked."""
    if "@" in text:
        text = _EMAIL.sub(rf"\1{MASK}@\2{MASK}", _CREDENTIALS.sub(f"{MASK}@", text))
    if any(word in text for word in _SECRET_WORDS):
        text = _SECRET.sub(lambda match: (match[1] or "") + MASK, text)
    if not text.isascii() or "ame is" in text:
        text = _INTRODUCTION.sub(lambda match: match[1] + mask_name(match[2]), text)
    if len(text) >= _SHORTEST_PHONE and ("0" in text or "+" in text):
        text = _PHONE.sub(lambda match: match[0] if match["keep"] else mask_phone(match[0]), text)
    return text


def sanitize(value: object, key: str = "", depth: int = 0) -> object:
    """`value` as it may be logged under `key`: same shape, made of JSON's types. Objects that are none of them are
    logged as their masked `str()`; nesting deeper than `_MAX_DEPTH` is cut off."""
    if isinstance(value, str):
        return _RULES[_rule(key)](value)
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, int):
        return mask_phone(str(value)) if value in _UKRAINIAN_NUMBERS else value
    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if depth > _MAX_DEPTH or _rule(key) == "secret":
        return MASK
    if isinstance(value, Mapping):
        return {mask_text(str(k)): sanitize(v, str(k), depth + 1) for k, v in value.items()}
    if isinstance(value, _SEQUENCES):
        return [sanitize(item, key, depth + 1) for item in value]
    return _RULES[_rule(key)](str(value))


@lru_cache(maxsize=2048)
def _rule(key: str) -> str:
    """Which of `_RULES` holds for what is logged under `key`."""
    key = key.lower()
    if key in _SECRET_KEYS or key in _ADDRESS_KEYS or key.endswith(_SECRET_ENDINGS):
        return "secret"
    if key in _NAME_KEYS:
        return "name"
    return "phone" if key in _PHONE_KEYS else "text"


_PLAIN: Final = (bool, float)
_SEQUENCES: Final = (list, tuple, set, frozenset)
_RULES: Final[Mapping[str, Callable[[str], str]]] = {
    "secret": lambda _: MASK,
    "name": mask_name,
    "phone": mask_phone,
    "text": mask_text,
}
