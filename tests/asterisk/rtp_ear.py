"""Where Asterisk sends the caller's audio: a UDP socket that reads RTP, its cadence and what the bot says in it.

Arrival times are the kernel's: a test process that shares its cores does not blur what Asterisk did.
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import trio

from engine.audio import RATE
from engine.wire.g711 import mulaw_to_pcm
from ops.emulators.caller_ears import BotSentence, Ears

_SO_TIMESTAMPNS: Final = 35
_HEADER: Final = struct.Struct("!BBHII")
_TIMESPEC: Final = struct.Struct("qq")
_PCMU: Final = 0


@dataclass(frozen=True, slots=True)
class Cadence:
    """Times between packets, in ms. `lost`: holes in the sequence numbers; `payloads`: bytes of audio seen."""

    packets: int
    seconds: float
    mean: float
    p50: float
    p99: float
    maximum: float
    lost: int
    payloads: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"{self.packets} packets in {self.seconds:.1f} s, mean {self.mean:.2f} ms, p50 {self.p50:.2f}, "
            f"p99 {self.p99:.2f}, max {self.maximum:.2f}, lost {self.lost}, payload bytes {self.payloads}"
        )


@dataclass(slots=True)
class RtpEar:
    """`port` goes into the SDP; `listen` runs as long as the call."""

    sock: trio.socket.SocketType
    port: int
    ears: Ears = field(default_factory=Ears)
    listens: bool = True
    """Off: only counts, for many callers at once."""
    _arrivals: list[float] = field(default_factory=list)
    _sequences: list[int] = field(default_factory=list)
    _sizes: set[int] = field(default_factory=set)

    async def listen(self) -> None:
        while True:
            data, ancillary, _, _ = await self.sock.recvmsg(2048, 64)
            _, marked_type, sequence, _, _ = _HEADER.unpack_from(data)
            if marked_type & 0x7F == _PCMU:
                self._hear(data[_HEADER.size :], sequence, _arrived(ancillary))

    def _hear(self, payload: bytes, sequence: int, at: float) -> None:
        self._arrivals.append(at)
        self._sequences.append(sequence)
        self._sizes.add(len(payload))
        if self.listens:
            self.ears.hear(mulaw_to_pcm(payload), RATE, at)

    @property
    def sentences(self) -> list[BotSentence]:
        return [event for event in self.ears.events if isinstance(event, BotSentence)]

    def cadence(self) -> Cadence:
        return cadence([self])


def cadence(ears: Sequence[RtpEar]) -> Cadence:
    """Of several calls together: `seconds` adds them up."""
    gaps = np.concatenate([np.diff(np.array(ear._arrivals)) * 1000 for ear in ears])
    steps = np.concatenate([np.diff(np.array(ear._sequences)) & 0xFFFF for ear in ears])
    p50, p99 = np.percentile(gaps, (50, 99))
    sizes = set[int]().union(*(ear._sizes for ear in ears))
    return Cadence(
        sum(len(ear._arrivals) for ear in ears), float(gaps.sum()) / 1000, float(gaps.mean()), float(p50), float(p99),
        float(gaps.max()), int((steps != 1).sum()), tuple(sorted(sizes)),
    )  # fmt: skip


@contextmanager
def open_ear(*, listens: bool = True) -> Iterator[RtpEar]:
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    plain.bind(("127.0.0.1", 0))
    with trio.socket.from_stdlib_socket(plain) as sock:
        yield RtpEar(sock, plain.getsockname()[1], listens=listens)


def _arrived(ancillary: list[tuple[int, int, bytes]]) -> float:
    seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
    return int(seconds) + int(nanoseconds) / 1e9
