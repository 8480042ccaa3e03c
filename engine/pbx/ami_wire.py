"""AMI, Asterisk's manager interface, as a codec of three verbs: bytes in, events out, actions to bytes.

One line of greeting, then messages both ways: `Key: value` lines, each ended by CRLF, and an empty line after the last.
The first line says what a message is: `Action`, `Response` or `Event`; an `ActionID` of ours comes back in whatever
answers it. Source: Asterisk 22 `main/manager.c` (`get_input`, `astman_send_response_full`).

Sans-IO: no socket, no clock. Before: `ami_connection` reads. After: it hands out what belongs together.
"""

import re
from dataclasses import dataclass
from typing import Final

from engine.errors import LocalProtocolError, RemoteProtocolError

MAX_LINE: Final = 65_536
"""Bytes of a line we take: an answer to `ListCommands` or `Command` has long ones, none near this."""
MAX_FIELDS: Final = 20_000
"""Lines of a message we take: a console command may answer with thousands."""
MAX_MESSAGE: Final = 4 * 1_048_576
"""Bytes of a message we take: 20,000 lines of a console, not 20,000 of the longest."""
MAX_LINE_SENT: Final = 1_022
"""Bytes of a line, without CRLF, that Asterisk takes: `char inbuf[1025]`, of which a full one is refused."""
MAX_FIELDS_SENT: Final = 128
"""`AST_MAX_MANHEADERS`."""

_GREETING: Final = re.compile(r"Asterisk Call Manager/(\S+)")
_KEY: Final = re.compile(r"[A-Za-z0-9-]+")
_UNSENDABLE: Final = re.compile(r"[\r\n\0]")

type Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Greeting:
    """The peer is an Asterisk, whose manager protocol has this version."""

    version: str


@dataclass(frozen=True, slots=True)
class _Message:
    fields: Fields

    def get(self, key: str) -> str:
        """The first value of a key, whatever its case; "" if there is none."""
        return next(iter(self.all(key)), "")

    def all(self, key: str) -> list[str]:
        """Every value of a key: `Output` and `Variable` come many times."""
        wanted = key.casefold()
        return [value for name, value in self.fields if name.casefold() == wanted]

    @property
    def action_id(self) -> str:
        return self.get("ActionID")


@dataclass(frozen=True, slots=True)
class Response(_Message):
    """The answer to an action; events may follow it."""

    @property
    def succeeded(self) -> bool:
        return self.fields[0][1] != "Error"

    @property
    def message(self) -> str:
        """What Asterisk says of it, in words."""
        return self.get("Message")

    @property
    def begins_list(self) -> bool:
        """Events with the same `ActionID` follow, the last of which says so."""
        return self.get("EventList").casefold() == "start"


@dataclass(frozen=True, slots=True)
class Event(_Message):
    """Something that happened, or a part of an answer."""

    @property
    def name(self) -> str:
        return self.fields[0][1]

    @property
    def ends_list(self) -> bool:
        return self.get("EventList").casefold() in ("complete", "cancelled")


@dataclass(frozen=True, slots=True)
class Action:
    """What we ask. `fields` are keys and values in the order they go out."""

    name: str
    fields: Fields = ()


class AmiCodec:
    """The client's end of one connection. After a `RemoteProtocolError` every further `next_event` raises it again."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._fields: list[tuple[str, str]] = []
        self._size = 0
        self._greeted = False
        self._eof = False
        self._error: RemoteProtocolError | None = None

    def receive_data(self, data: bytes) -> None:
        """Take bytes as read; b"" is the end of the peer's stream."""
        self._eof = self._eof or not data
        self._buffer += data

    def next_event(self) -> Greeting | Response | Event | None:
        """The next event; None if more bytes are needed, or at the end. Raises `RemoteProtocolError`."""
        if self._error is not None:
            raise self._error
        try:
            return self._parse()
        except RemoteProtocolError as error:
            self._error = error
            raise

    def send(self, action: Action, action_id: str) -> bytes:
        """The bytes of an action. Raises `LocalProtocolError` for what would be read as something else, or not at all:
        a line end in a value, a line too long."""
        fields = (("Action", action.name), ("ActionID", action_id), *action.fields)
        if len(fields) > MAX_FIELDS_SENT:
            raise LocalProtocolError(f"{action.name} of {len(fields)} lines, Asterisk takes {MAX_FIELDS_SENT}")
        return b"".join(_line(key, value) for key, value in fields) + b"\r\n"

    def _parse(self) -> Greeting | Response | Event | None:
        while (line := self._next_line()) is not None:
            if not self._greeted:
                return self._greet(line)
            if line:
                self._take(line)
            elif self._fields:
                return self._message()
        if self._eof and (self._buffer or self._fields):
            raise RemoteProtocolError("end of stream in the middle of a message")
        return None

    def _next_line(self) -> str | None:
        end = self._buffer.find(b"\r\n", self._searched)
        if (len(self._buffer) - 1 if end < 0 else end) > MAX_LINE:  # the last byte may be the first of a line's end
            raise RemoteProtocolError(f"a line of more than {MAX_LINE} bytes")
        if end < 0:
            self._searched = max(0, len(self._buffer) - 1)
            return None
        line = self._buffer[:end].decode(errors="replace")
        del self._buffer[: end + 2]
        self._searched = 0
        if "\0" in line:
            raise RemoteProtocolError("a NUL in a line")
        return line

    def _greet(self, line: str) -> Greeting:
        match = _GREETING.fullmatch(line)
        if match is None:
            raise RemoteProtocolError(f"not an Asterisk manager: it says {line[:60]!r}")
        self._greeted = True
        return Greeting(match[1])

    def _take(self, line: str) -> None:
        key, colon, value = line.partition(":")
        if not colon or not key:
            raise RemoteProtocolError(f"a line without a key: {line[:60]!r}")
        if len(self._fields) == MAX_FIELDS:
            raise RemoteProtocolError(f"a message of more than {MAX_FIELDS} lines")
        self._size += len(line)
        if self._size > MAX_MESSAGE:
            raise RemoteProtocolError(f"a message of more than {MAX_MESSAGE} bytes")
        self._fields.append((key, value.removeprefix(" ")))

    def _message(self) -> Response | Event:
        fields = tuple(self._fields)
        self._fields.clear()
        self._size = 0
        match fields[0][0].casefold():
            case "response":
                return Response(fields)
            case "event":
                return Event(fields)
            case other:
                raise RemoteProtocolError(f"a message that begins with {other[:60]!r}")


def _line(key: str, value: str) -> bytes:
    if not _KEY.fullmatch(key):
        raise LocalProtocolError(f"not to be sent to Asterisk: {key[:60]!r} as a key")
    if _UNSENDABLE.search(value):  # not shown: it may be a secret, and this goes into the log
        raise LocalProtocolError(f"not to be sent to Asterisk: a line end or NUL in {key}")
    line = f"{key}: {value}".encode(errors="replace")
    if len(line) > MAX_LINE_SENT:
        raise LocalProtocolError(f"{key} of {len(line)} bytes, Asterisk takes {MAX_LINE_SENT}")
    return line + b"\r\n"
