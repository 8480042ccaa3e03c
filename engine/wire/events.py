"""One vocabulary above all wires: what can happen on a media connection.

Every codec yields these and takes these; code above never asks which trunk a call came by. Frozen, so that an
event can be logged, compared and kept.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Connected:
    """The peer has said which call this is. First event of every connection, exactly once."""

    call_id: UUID


@dataclass(frozen=True, slots=True)
class Audio:
    """Some caller audio (or, when sent, bot audio): 16-bit little-endian mono PCM at `rate` Hz, whole samples."""

    pcm: bytes
    rate: int


@dataclass(frozen=True, slots=True)
class Digit:
    """A key was pressed: one of 0-9 * # A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class PeerError:
    """The peer reports an error of its own; `code` is wire-specific."""

    code: int


@dataclass(frozen=True, slots=True)
class Terminated:
    """The end was announced on the wire (AudioSocket 0x00)."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is gone. `reason`: `eof`, `reset`, `write_error: ...`, `protocol_error: ...`, `stalled`, ...
    Last event of every connection, exactly once. Codecs never yield it; transports do."""

    reason: str


type WireEvent = Connected | Audio | Digit | PeerError | Terminated
"""What a codec yields."""

type MediaEvent = Connected | Audio | Digit | PeerError | Terminated | Closed
"""What a transport reports."""
