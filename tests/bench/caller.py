"""One of the benchmark's callers: sends a frame a tick, notes when each of the bot's frames arrived, keeps talking.

The simulated caller of `ops.emulators` understands the bot and costs 50 us a frame; hundreds of callers on one core
need this one, which only tells silence from sound. What it notes is judged afterwards, by `tests.bench.measure`.

Arrivals are stamped by the kernel (SO_TIMESTAMPNS, hence `time.time()` everywhere): a measuring process that is late
to read does not blame the engine for it. The frames a caller was late to send count from when they were sent.
"""

import socket
import struct
import time
from array import array
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final
from uuid import UUID

from engine.audio import FRAME_BYTES, SILENCE_FRAME
from engine.wire.audiosocket import AudioSocketCodec, Role
from engine.wire.events import Connected
from tests.bench.speech import Speech

ANSWER_SECONDS: Final = 5.0
"""No answer for this long: the call counts as failed."""
QUIET_SECONDS: Final = 0.4
"""Silence after which the bot has finished."""

_SO_TIMESTAMPNS: Final = 35
_TIMESPEC: Final = struct.Struct("qq")
_READ_BYTES: Final = 65_536
_HEADER_BYTES: Final = 3
_AUDIO: Final = 0x10
_TERMINATE: Final = 0x00

type Life = Generator[None, None, None]


@dataclass(slots=True)
class CallLog:
    """What one call was like. Times are `time.time()`."""

    arrivals: array[float] = field(default_factory=lambda: array("d"))
    voiced: bytearray = field(default_factory=bytearray)
    """For each arrival whether it was sound."""
    audio: bytearray | None = None
    turns: list[float] = field(default_factory=list)
    """When the last voiced frame of each turn was sent."""
    interruptions: list[float] = field(default_factory=list)
    """When the first voiced frame over the bot was sent."""
    failures: list[tuple[float, str]] = field(default_factory=list)
    coalesced: int = 0
    """Arrivals that share a later one's time stamp, because they were read together."""


class BenchCaller:
    """One connected call. `tick` every 20 ms, `read` when there is something, `hang_up` at the end."""

    def __init__(self, address: tuple[str, int], call_id: UUID, speech: Speech, random: Random, *, keeps: bool) -> None:
        self.log = CallLog(audio=bytearray() if keeps else None)
        self._speech = speech
        self._random = random
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, True)
        self._socket.setblocking(False)
        self._socket.send(AudioSocketCodec(Role.CLIENT).send(Connected(call_id)))
        self._rest = b""
        self._saying: list[bytes] = []
        self._sent_at = 0.0
        self._voice_at = 0.0
        self._voice_began_at = 0.0
        self._hung_up = False
        self.is_over = False
        self._life = self._live()

    def fileno(self) -> int:
        return self._socket.fileno()

    def tick(self) -> None:
        """Send this tick's frame, and decide what to say next."""
        if self.is_over:
            return
        try:
            self._socket.send(self._saying.pop() if self._saying else self._speech.silence)
        except OSError as error:
            self._end(f"cannot send: {error.strerror}")
            return
        self._sent_at = time.time()
        next(self._life)

    def read(self) -> None:
        """Take what has arrived."""
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_READ_BYTES, 64)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(f"reset: {error.strerror}")
            return
        if not data:
            self._end("eof")
            return
        self._receive(self._rest + data, _arrived_at(ancillary))

    def hang_up(self) -> None:
        """As Asterisk does: a plain end of stream. What still comes is to be read until `is_over`."""
        if not self.is_over:
            self._hung_up = True
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._socket.close()

    def _receive(self, data: bytes, at: float) -> None:
        start, frames = 0, 0
        while len(data) - start >= _HEADER_BYTES:
            end = start + _HEADER_BYTES + int.from_bytes(data[start + 1 : start + _HEADER_BYTES])
            if end > len(data):
                break
            if data[start] == _AUDIO:
                frames += 1
                self._hear(data[start + _HEADER_BYTES : end], at)
            elif data[start] == _TERMINATE:
                self._end("the bot hung up")
            start = end
        self._rest = data[start:]
        self.log.coalesced += max(0, frames - 1)

    def _hear(self, pcm: bytes, at: float) -> None:
        if len(pcm) != FRAME_BYTES:
            self.log.failures.append((at, f"a frame of {len(pcm)} bytes"))
        is_voiced = pcm != SILENCE_FRAME
        self.log.arrivals.append(at)
        self.log.voiced.append(is_voiced)
        if self.log.audio is not None:
            self.log.audio += pcm
        if is_voiced:
            if at - self._voice_at > QUIET_SECONDS:
                self._voice_began_at = at
            self._voice_at = at

    def _end(self, reason: str) -> None:
        self.is_over = True
        if not self._hung_up:
            self.log.failures.append((time.time(), reason))

    # The caller's life: resumed after each frame sent.

    def _live(self) -> Life:
        yield from self._await_voice(self._sent_at, "no greeting")
        while True:
            yield from self._hear_out()
            yield from self._pause(0.2, 1.2)
            yield from self._ask(self._speech.questions)
            yield from self._pause(0.6, 1.8)
            yield from self._ask(self._speech.interruptions, over_the_bot=True)

    def _ask(self, utterances: Sequence[tuple[bytes, ...]], *, over_the_bot: bool = False) -> Life:
        """Say one of them and wait until the answer begins."""
        self._saying = list(reversed(self._random.choice(utterances)))
        yield
        if over_the_bot:
            self.log.interruptions.append(self._sent_at)
        while self._saying:
            yield
        self.log.turns.append(self._sent_at)
        yield from self._await_voice(self._sent_at, "no answer")

    def _await_voice(self, since: float, failure: str) -> Life:
        while self._voice_at <= since:
            if self._sent_at - since > ANSWER_SECONDS:
                self.log.failures.append((self._sent_at, failure))
                return
            yield

    def _hear_out(self) -> Life:
        while self._sent_at - self._voice_at < QUIET_SECONDS:
            yield

    def _pause(self, least: float, most: float) -> Life:
        until = self._sent_at + self._random.uniform(least, most)
        while self._sent_at < until:
            yield


def _arrived_at(ancillary: Sequence[tuple[int, int, bytes]]) -> float:
    """What came before the socket was told to stamp carries no stamp: it was read at once."""
    if not ancillary:
        return time.time()
    seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
    return float(seconds + nanoseconds / 1e9)
