"""AudioSocket, Asterisk's own media protocol, as a codec of three verbs: bytes in, events out, events to bytes.

A frame is a type byte, a big-endian 16-bit length and the payload. The connecting side (Asterisk, or the simulated
caller) sends its UUID first; after that both sides send audio until 0x00 or the end of the stream.
Source: Asterisk 22 `res/res_audiosocket.c`, `include/asterisk/res_audiosocket.h`.

Sans-IO: no socket, no clock. Before: the transport's `recv`. After: the transport's event sink.
"""

import struct
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Final
from uuid import UUID

from engine.audio import RATE
from engine.errors import LocalProtocolError, RemoteProtocolError
from engine.wire.companding import CompandingDetector
from engine.wire.events import Audio, Connected, Digit, PeerError, Terminated, WireEvent

TERMINATE: Final = 0x00
IDENTIFY: Final = 0x01
DTMF: Final = 0x03
ERROR: Final = 0xFF
AUDIO_RATES: Final[Mapping[int, int]] = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Frame type -> samples per second."""
DIGITS: Final = frozenset("0123456789*#ABCD")
MAX_PAYLOAD: Final = 16_384
"""Twice a 20 ms frame at 192 kHz, the largest Asterisk makes."""

_HEADER: Final = struct.Struct(">BH")
_TYPE_OF_RATE: Final = {rate: kind for kind, rate in AUDIO_RATES.items()}
_LONGEST_FRAME: Final = 0xFFFF


class Role(Enum):
    """Which end we are."""

    SERVER = auto()
    """We listen: the peer must identify itself first."""
    CLIENT = auto()
    """We connect: we identify ourselves first."""


class Pause(Enum):
    """Why `next_event` has no event."""

    NEED_DATA = auto()
    END = auto()
    """The peer's stream ended, between two frames."""


NEED_DATA: Final = Pause.NEED_DATA
END: Final = Pause.END


class AudioSocketCodec:
    """One connection's codec. After a `RemoteProtocolError` every further `next_event` raises it again."""

    def __init__(self, role: Role = Role.SERVER, *, max_payload: int = MAX_PAYLOAD) -> None:
        self._role = role
        self._max_payload = max_payload
        self._buffer = b""
        self._offset = 0
        self._eof = False
        self._error: RemoteProtocolError | None = None
        self._identified = role is Role.CLIENT
        self._sent_identity = role is Role.SERVER
        self._companding = CompandingDetector()
        self.unknown_frames = 0
        """Frames of unknown type, ignored so far."""

    @property
    def is_mulaw(self) -> bool:
        """The peer's audio is mu-law under a slin label: its channel was dialled without `c(slin)`."""
        return self._companding.is_mulaw

    def receive_data(self, data: bytes) -> None:
        """Take bytes as read; b"" is the end of the peer's stream."""
        if not data:
            self._eof = True
        elif self._offset == len(self._buffer):
            self._buffer, self._offset = data, 0
        else:
            self._buffer, self._offset = self._buffer[self._offset :] + data, 0

    def next_event(self) -> WireEvent | Pause:
        """The next event, or why there is none. Raises `RemoteProtocolError`."""
        if self._error is not None:
            raise self._error
        if self._offset == len(self._buffer) and not self._eof:
            return NEED_DATA
        try:
            return self._parse()
        except RemoteProtocolError as error:
            self._error = error
            raise

    def send(self, event: WireEvent) -> bytes:
        """The bytes of an event. Raises `LocalProtocolError` for what this role may not send now."""
        if isinstance(event, Audio):
            return self.send_audio(event.pcm, event.rate)
        if isinstance(event, Connected):
            return self._identity_frame(event)
        self._require_identity()
        match event:
            case Digit(digit):
                if digit not in DIGITS:
                    raise LocalProtocolError(f"not a DTMF digit: {digit!r}")
                return _HEADER.pack(DTMF, 1) + digit.encode()
            case PeerError(code):
                if not 0 <= code <= 0xFF:
                    raise LocalProtocolError(f"an error code is one byte: {code}")
                return _HEADER.pack(ERROR, 1) + bytes((code,))
            case Terminated():
                return _HEADER.pack(TERMINATE, 0)

    def send_audio(self, pcm: bytes, rate: int) -> bytes:
        """`send(Audio(pcm, rate))` without the event: it is made 50 times a second a call."""
        self._require_identity()
        kind = _TYPE_OF_RATE.get(rate)
        length = len(pcm)
        if kind is None:
            raise LocalProtocolError(f"AudioSocket has no {rate} Hz")
        if length % 2 or length > _LONGEST_FRAME:
            raise LocalProtocolError(f"audio of {length} bytes does not make a frame")
        return _HEADER.pack(kind, length) + pcm

    def _parse(self) -> WireEvent | Pause:
        while True:
            buffer, start = self._buffer, self._offset
            available = len(buffer) - start
            if available < _HEADER.size:
                return self._pause(available)
            kind, length = _HEADER.unpack_from(buffer, start)
            if length > self._max_payload:
                raise RemoteProtocolError(f"frame 0x{kind:02x} of {length} bytes, at most {self._max_payload} allowed")
            end = start + _HEADER.size + length
            if end > len(buffer):
                return self._pause(available)
            self._offset = end
            event = self._event(kind, buffer[start + _HEADER.size : end])
            if event is not None:
                return event

    def _pause(self, available: int) -> Pause:
        if not self._eof:
            return NEED_DATA
        if available:
            raise RemoteProtocolError("end of stream in the middle of a frame")
        return END

    def _event(self, kind: int, payload: bytes) -> WireEvent | None:
        if not self._identified:
            return self._identify(kind, payload)
        rate = AUDIO_RATES.get(kind)
        if rate is not None:
            return self._audio(rate, payload)
        read = _READERS.get(kind)
        if read is None:
            self.unknown_frames += 1
            return None
        return read(payload)

    def _identify(self, kind: int, payload: bytes) -> Connected:
        if kind != IDENTIFY:
            raise RemoteProtocolError(f"first frame is 0x{kind:02x}, not a UUID")
        if len(payload) != 16:
            raise RemoteProtocolError(f"UUID of {len(payload)} bytes")
        self._identified = True
        return Connected(UUID(bytes=payload))

    def _audio(self, rate: int, payload: bytes) -> Audio:
        if len(payload) % 2:
            raise RemoteProtocolError(f"audio of {len(payload)} bytes: half a sample")
        if rate == RATE and self._role is Role.SERVER:
            payload = self._companding.linear(payload)
        return Audio(payload, rate)

    def _identity_frame(self, event: Connected) -> bytes:
        if self._sent_identity:
            raise LocalProtocolError("only the connecting side sends a UUID, and once")
        self._sent_identity = True
        return _HEADER.pack(IDENTIFY, 16) + event.call_id.bytes

    def _require_identity(self) -> None:
        if not self._sent_identity:
            raise LocalProtocolError("the connecting side sends its UUID first")


def _second_identity(payload: bytes) -> WireEvent:
    raise RemoteProtocolError("a UUID out of place")


def _digit(payload: bytes) -> WireEvent:
    digit = payload.decode("ascii", "replace")
    if digit not in DIGITS:
        raise RemoteProtocolError(f"not a DTMF digit: {payload[:8]!r}")
    return Digit(digit)


def _peer_error(payload: bytes) -> WireEvent:
    return PeerError(payload[0] if payload else 0)


def _terminated(payload: bytes) -> WireEvent:
    return Terminated()


_READERS: Final[Mapping[int, Callable[[bytes], WireEvent]]] = {
    TERMINATE: _terminated,
    IDENTIFY: _second_identity,
    DTMF: _digit,
    ERROR: _peer_error,
}
