"""A row as it lies in the queue, in the spool and in a statement: one line of JSON. Pure.

A row is encoded once, when it is handed in. In a spool each line carries a checksum, because a crash may tear the
last one: `crc32 kind json`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, NamedTuple
from zlib import crc32

import orjson

from engine.records.rows import Row
from engine.records.statements import KINDS

_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_CHECKSUM_DIGITS: Final = 8
_NAMES: Final = {kind: tuple(field.name for field in fields(kind)) for kind in KINDS.values()}


class Entry(NamedTuple):
    """`kind`: the row's class; `month_of`: the moment whose partition it belongs to, None if its table has none."""

    kind: str
    json: bytes
    month_of: datetime | None

    def line(self) -> bytes:
        """With its newline."""
        body = b"%s %s" % (self.kind.encode(), self.json)
        return b"%08x %s\n" % (crc32(body), body)

    def fields(self) -> dict[str, Any]:
        """By name, as JSON has them."""
        found: dict[str, Any] = json.loads(self.json)
        return found


def entry_of(row: Row) -> Entry:
    """Without what PostgreSQL cannot hold: the character NUL, halves of surrogate pairs."""
    try:
        raw = orjson.dumps(row, _plain, orjson.OPT_SERIALIZE_NUMPY)
    except orjson.JSONEncodeError:  # half a surrogate pair; a key that is no text
        raw = _patiently(row)
    if b"\\" in raw and b"\\u0000" in raw:  # the first is quick to look for, and mostly not there
        raw = _NUL.sub(rb"\1", raw)
    return Entry(type(row).__name__, raw, getattr(row, "started_at", None))


def kind_of(line: bytes) -> str:
    """Of a spool's line, whole or torn."""
    return line.split(b" ", 2)[1].decode(errors="replace") if line.count(b" ") > 1 else ""


def parse(line: bytes) -> Entry | None:
    """The entry of a spool's line; None if the line is torn."""
    checksum, _, body = line.removesuffix(b"\n").partition(b" ")
    if len(checksum) != _CHECKSUM_DIGITS or not line.endswith(b"\n") or checksum != b"%08x" % crc32(body):
        return None
    kind, _, raw = body.partition(b" ")
    started_at = json.loads(raw).get("started_at")
    return Entry(kind.decode(), raw, datetime.fromisoformat(started_at) if started_at else None)


def _patiently(row: Row) -> bytes:
    """Slowly, and whatever the row holds."""
    content = {name: getattr(row, name) for name in _NAMES[type(row)]}
    return json.dumps(content, ensure_ascii=False, default=_plain).encode(errors="replace")


def _plain(value: object) -> object:
    """What JSON has no notation for."""
    return dict(value) if isinstance(value, Mapping) else str(value)
