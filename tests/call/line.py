"""A line without a network: a `MediaTransport` that notes each frame with its time, and the caller at its other end.

Bot audio here is not sound: every frame carries the number of its text and its place in it, so that what was heard, and
how much of it, can be read off the line.
"""

import struct
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final
from uuid import UUID

import numpy as np
import trio

from engine.audio import FRAME_BYTES, FRAME_SECONDS, RATE, SILENCE_FRAME
from engine.transport.base import EventSink, TransportStatistics
from engine.wire.events import Audio, Closed, Digit, MediaEvent

VOICED: Final = np.random.default_rng(7).integers(-8000, 8000, FRAME_BYTES // 2, dtype="<i2").tobytes()
"""20 ms of the caller's voice."""
_HEAD: Final = struct.Struct("<HHH")
_MARK: Final = 0x5A5A


def bot_audio(number: int, frames: int) -> bytes:
    return b"".join(_HEAD.pack(_MARK, number, place).ljust(FRAME_BYTES, b"\1") for place in range(frames))


@dataclass(slots=True)
class Heard:
    """A text heard on the line, whole or in part."""

    text: str
    began_at: float
    ended_at: float
    frames: int
    length: int
    """Frames of the whole text."""

    @property
    def complete(self) -> bool:
        return self.frames == self.length


@dataclass(slots=True)
class Line:
    """Implements `MediaTransport`; `push` is the peer."""

    call_id: UUID
    texts: list[tuple[str, int]]
    """What a text's number stands for, and how many frames it has."""
    peer: str = "127.0.0.1:40000"
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    closed_at: float | None = None
    closed_for: str = ""
    is_gone: bool = False
    ended: trio.Event = field(default_factory=trio.Event)
    _sink: EventSink | None = None
    _early: list[MediaEvent] = field(default_factory=list)
    _heard: list[Heard] = field(default_factory=list)

    def start(self, sink: EventSink) -> None:
        self._sink = sink
        for event in self._early:
            sink(event, trio.current_time())

    def send_frame_nowait(self, pcm: bytes) -> None:
        assert len(pcm) == FRAME_BYTES
        assert self.closed_at is None, "a frame after the end"
        self.frames.append((trio.current_time(), pcm))
        if pcm != SILENCE_FRAME:
            self._hear(trio.current_time(), *_HEAD.unpack_from(pcm))

    def has_unread(self) -> bool:
        return False

    def flush_nowait(self) -> None:
        pass

    async def close(self, reason: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.closed_at is None:
            self.closed_at, self.closed_for = trio.current_time(), reason
            self.ended.set()

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(0, len(self.frames), 0, 0, 0, 0)

    def push(self, event: MediaEvent) -> None:
        if self.is_gone or self.closed_at is not None:
            return
        self.is_gone = isinstance(event, Closed)
        if self._sink is None:
            self._early.append(event)
        else:
            self._sink(event, trio.current_time())

    def heard(self) -> list[Heard]:
        """Every text in the order played. A text may go on after a pause."""
        return self._heard

    def _hear(self, now: float, mark: int, number: int, place: int) -> None:
        text, length = self.texts[number]
        assert mark == _MARK
        if place == 0:
            self._heard.append(Heard(text, now, now, 0, length))
        last = self._heard[-1]
        assert last.text == text, "a text begins in its middle"
        assert last.frames == place, "a frame was lost or doubled"
        last.frames, last.ended_at = place + 1, now

    def spoken_between(self, begin: float, end: float) -> int:
        """Frames of speech."""
        return sum(begin <= at < end and pcm != SILENCE_FRAME for at, pcm in self.frames)

    def gaps(self) -> list[float]:
        return [later - earlier for (earlier, _), (later, _) in pairwise(self.frames)]


class Microphone:
    """The caller's side of the media: a frame every 20 ms, half a slot beside the ticker's."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.is_voiced = False
        self.is_muted = False
        self.last_voiced_at = 0.0

    async def run(self) -> None:
        due = trio.current_time() + 0.0025
        while not self._line.is_gone:
            await trio.sleep_until(due)
            if self.is_voiced:
                self.last_voiced_at = due
            if not self.is_muted:
                self._line.push(Audio(VOICED if self.is_voiced else SILENCE_FRAME, RATE))
            due += FRAME_SECONDS

    def press(self, keys: str) -> None:
        for key in keys:
            self._line.push(Digit(key))


class VoiceByFrame:
    """A `VoiceDetector` that knows the caller's voice when it sees it."""

    def process(self, frame: bytes) -> bool:
        return frame == VOICED
