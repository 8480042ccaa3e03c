"""What a simulated caller hears: when the bot speaks, what it says, and whether the line was ever broken.

Before: audio as the codec delivers it, with the time at which it was read. After: events for whoever scripts the
caller, and the figures of a benchmark. Pure: time comes in as an argument, in seconds of any monotonic clock.
"""

from array import array
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.audio import FRAME_BYTES, FRAME_SECONDS, RATE, rms
from engine.media.resample import StreamResampler
from ops.emulators.subtitle_decoder import SubtitleDecoder
from ops.emulators.subtitle_events import Corrupted, PacketCut, PacketHeard, SubtitleEvent, UtteranceHeard

VOICED_RMS: Final = 150.0
STOPPED_AFTER: Final = 0.2
"""Seconds without voice after which the bot has stopped."""


@dataclass(frozen=True, slots=True)
class BotStarted:
    at: float


@dataclass(frozen=True, slots=True)
class BotWords:
    """`verified` words of a whole packet, or what was heard of one before it was cut off."""

    text: str
    at: float
    verified: bool = True


@dataclass(frozen=True, slots=True)
class BotSentence:
    """An utterance is over; not `complete` if it was cut off or damaged."""

    text: str
    complete: bool
    at: float


@dataclass(frozen=True, slots=True)
class BotStopped:
    """`at`: when the last voiced frame came."""

    at: float


@dataclass(frozen=True, slots=True)
class AudioDamaged:
    reason: str
    at: float


type BotEvent = BotStarted | BotWords | BotSentence | BotStopped | AudioDamaged


@dataclass(frozen=True, slots=True)
class HearingStatistics:
    """Gaps are the times (ms) between arrivals of frames."""

    frames: int
    voiced_frames: int
    missing_frames: int
    """Fewer frames than 20 ms steps between the first and the last."""
    max_gap_ms: float
    p99_gap_ms: float
    checksum_errors: int


class Ears:
    """`hear` each piece of audio, `tick` now and then; both return what happened. With `decodes` off, only levels
    are judged: for benchmarks that need hundreds of callers and no words."""

    def __init__(self, *, decodes: bool = True) -> None:
        self._decoder = SubtitleDecoder() if decodes else None
        self._resamplers: dict[int, StreamResampler] = {}
        self._pending = b""
        self._arrivals = array("d")
        self._voiced = array("d")
        self._speaking = False
        self._cut = ""
        self.events: list[BotEvent] = []
        """Everything since the call began."""

    def hear(self, pcm: bytes, rate: int, now: float) -> list[BotEvent]:
        """Some audio at `rate` Hz, read at `now`."""
        events: list[BotEvent] = []
        data = self._pending + self._at_our_rate(pcm, rate)
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        self._pending = data[whole:]
        for start in range(0, whole, FRAME_BYTES):
            events += self._hear_frame(data[start : start + FRAME_BYTES], now)
        self.events += events
        return events

    def tick(self, now: float) -> list[BotEvent]:
        """Time has passed, perhaps in silence."""
        if not self._speaking or now - self._voiced[-1] < STOPPED_AFTER:
            return []
        self._speaking = False
        stopped = BotStopped(self._voiced[-1])
        self.events.append(stopped)
        return [stopped]

    @property
    def has_heard(self) -> bool:
        """Whether any audio, were it silence, has come."""
        return bool(self._arrivals)

    @property
    def is_bot_speaking(self) -> bool:
        return self._speaking

    @property
    def last_voiced_at(self) -> float | None:
        return self._voiced[-1] if self._voiced else None

    def first_voiced_after(self, at: float) -> float | None:
        """When the bot was first heard after `at`."""
        index = int(np.searchsorted(np.array(self._voiced), at, side="right"))
        return self._voiced[index] if index < len(self._voiced) else None

    def voiced_run_after(self, at: float) -> list[float]:
        """Arrivals of the voiced frames that follow `at` without a break of `STOPPED_AFTER`: what was still heard of
        an utterance after it was interrupted at that time."""
        run: list[float] = []
        previous = at
        for arrival in self._voiced[int(np.searchsorted(np.array(self._voiced), at, side="right")) :]:
            if arrival - previous >= STOPPED_AFTER:
                break
            run.append(arrival)
            previous = arrival
        return run

    def words_after(self, at: float) -> str:
        """All the bot has said since, whether or not it was allowed to finish, and what it is saying now."""
        heard = "".join(event.text for event in self.events if isinstance(event, BotWords) and event.at > at)
        return heard + (self._decoder.partial.removeprefix(self._cut) if self._decoder and self._speaking else "")

    def statistics(self) -> HearingStatistics:
        arrivals = np.array(self._arrivals)
        gaps = np.diff(arrivals) * 1000
        expected = round((arrivals[-1] - arrivals[0]) / FRAME_SECONDS) + 1 if len(arrivals) else 0
        return HearingStatistics(
            frames=len(arrivals),
            voiced_frames=len(self._voiced),
            missing_frames=max(0, expected - len(arrivals)),
            max_gap_ms=float(gaps.max()) if len(gaps) else 0.0,
            p99_gap_ms=float(np.percentile(gaps, 99)) if len(gaps) else 0.0,
            checksum_errors=self._decoder.checksum_errors if self._decoder else 0,
        )

    def _at_our_rate(self, pcm: bytes, rate: int) -> bytes:
        if rate == RATE:
            return pcm
        if rate not in self._resamplers:
            self._resamplers[rate] = StreamResampler(rate, RATE)
        return self._resamplers[rate].convert(pcm)

    def _hear_frame(self, frame: bytes, now: float) -> list[BotEvent]:
        self._arrivals.append(now)
        events: list[BotEvent] = []
        if rms(frame) > VOICED_RMS:
            self._voiced.append(now)
            if not self._speaking:
                self._speaking = True
                events.append(BotStarted(now))
        if self._decoder:
            for event in self._decoder.push(frame):
                events += self._bot_events(event, now)
        return events

    def _bot_events(self, event: SubtitleEvent, now: float) -> list[BotEvent]:
        match event:
            case PacketHeard(text):
                new, self._cut = text.removeprefix(self._cut), ""
                return [BotWords(new, now)]
            case PacketCut(text):
                self._cut = text
                return [BotWords(text, now, verified=False)] if text else []
            case Corrupted(reason):
                return [AudioDamaged(reason, now)]
            case UtteranceHeard(text, complete):
                return [BotSentence(text, complete, now)]
