"""The queue of bot audio between synthesis and the wire, which knows what the caller has heard.

Before: `engine.call` pushes what a synthesiser yields. After: the media clock takes one frame per tick. This is the
only place where bot audio waits; interrupting the bot means `flush`, and its answer is what goes on record.

An utterance is one go of the bot; a segment is one sentence of it, with its text. Audio counts as heard when its frame
has been taken.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from engine.audio import FRAME_BYTES, FRAME_MS

CHARACTERS_PER_SECOND: Final = 14.0
"""How fast speech gets through text: for a segment whose audio has not all come yet."""


@dataclass(frozen=True, slots=True)
class HeardSegment:
    text: str
    """What was heard of the segment: whole words."""
    complete: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller has heard of an utterance, segment by segment in order."""

    utterance: int | None
    segments: tuple[HeardSegment, ...]
    complete: bool
    """All of it was played."""
    played_ms: float

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments if segment.text)


@dataclass(frozen=True, slots=True)
class PlayoutStatistics:
    """Counts since the call began; frames of 20 ms."""

    utterances: int
    frames_played: int
    frames_flushed: int
    underruns: int
    """Times the queue ran dry in the middle of a segment."""


@dataclass(slots=True)
class _Segment:
    text: str
    pushed: int = 0
    played: int = 0
    is_open: bool = True

    def heard(self) -> HeardSegment:
        if self.played == self.pushed and not self.is_open:
            return HeardSegment(self.text, complete=True)
        total = float(self.pushed)
        if self.is_open:
            total = max(total, len(self.text) / CHARACTERS_PER_SECOND * 1000 / FRAME_MS)
        share = self.played / total if total else 0.0
        return HeardSegment(_words_within(self.text, int(len(self.text) * share)), complete=False)


class Playout:
    """One call's bot audio. Everything pushed outside an utterance (before `begin`, after `flush`) is ignored: a
    synthesiser that has not yet noticed its cancellation may not be heard."""

    def __init__(self) -> None:
        self._utterance: int | None = None
        self._is_accepting = False
        self._is_held = False
        self._is_dry = False
        self._frames: deque[tuple[_Segment, bytes]] = deque()
        self._segments: list[_Segment] = []
        self._begun = 0
        self._partial = b""
        self._utterances = self._frames_played = self._frames_flushed = self._underruns = 0

    def begin(self, utterance: int) -> None:
        """A new utterance. What is left of the one before is dropped."""
        self._drop_queue()
        self._segments = []
        self._begun = 0
        self._utterance = utterance
        self._is_accepting = True
        self._is_held = False
        self._utterances += 1

    def open_segment(self, text: str) -> None:
        """The next sentence begins; one still open ends."""
        self.close_segment()
        if self._is_accepting:
            self._segments.append(_Segment(text))

    def push(self, pcm: bytes) -> None:
        """Audio of the open segment, in chunks of any even length. Raises RuntimeError if no segment is open."""
        if not self._is_accepting:
            return
        if not self.segment_open:
            raise RuntimeError("audio without a segment")
        if self._partial:
            pcm = self._partial + pcm
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._partial = pcm[whole:]
        self._queue(pcm[:whole])

    def close_segment(self) -> None:
        """All audio of the sentence has been pushed; its last frame is filled up with silence."""
        if not self.segment_open:
            return
        if self._partial:
            self._queue(self._partial.ljust(FRAME_BYTES, b"\0"))
            self._partial = b""
        self._segments[-1].is_open = False

    def end(self) -> None:
        """All sentences of the utterance have been pushed."""
        self.close_segment()
        self._is_accepting = False

    def break_off(self) -> None:
        """No more audio will come, not even of the sentence begun last; what is queued is still played."""
        self._partial = b""
        self._is_accepting = False

    def next_frame(self) -> bytes | None:
        """The frame to play now (320 bytes), or None: silence, and nothing is lost by it."""
        if self._is_held:
            return None
        if not self._frames:
            self._underruns += self.segment_open and not self._is_dry and self._segments[-1].played > 0
            self._is_dry = True
            return None
        self._is_dry = False
        segment, frame = self._frames.popleft()
        self._begun += not segment.played
        segment.played += 1
        self._frames_played += 1
        return frame

    def hold(self) -> None:
        """Stop playing, keep the place."""
        self._is_held = True

    def resume(self) -> None:
        """Go on exactly where `hold` stopped."""
        self._is_held = False

    def flush(self) -> Heard:
        """End the utterance now; says what was heard of it."""
        heard = self.heard()
        self._frames_flushed += len(self._frames)
        self._drop_queue()
        self._is_accepting = self._is_held = False
        return heard

    def heard(self) -> Heard:
        """What has been heard so far of the utterance begun last. After a `flush`: unchanged by it."""
        segments = tuple(segment.heard() for segment in self._segments)
        return Heard(
            self._utterance,
            segments,
            complete=not self._is_accepting and all(segment.complete for segment in segments),
            played_ms=float(sum(segment.played for segment in self._segments) * FRAME_MS),
        )

    @property
    def segment_open(self) -> bool:
        return bool(self._segments) and self._segments[-1].is_open

    @property
    def is_held(self) -> bool:
        return self._is_held

    @property
    def is_idle(self) -> bool:
        """No whole frame is waiting."""
        return not self._frames

    @property
    def finished(self) -> bool:
        """The utterance has ended and all of it has been played or flushed."""
        return not self._is_accepting and not self._frames

    @property
    def segments_begun(self) -> int:
        """How many of the utterance's segments have begun to be heard."""
        return self._begun

    @property
    def playing_text(self) -> str:
        """The sentence whose audio is played next, or was played last."""
        if self._frames:
            return self._frames[0][0].text
        return self._segments[-1].text if self._segments else ""

    @property
    def depth_ms(self) -> float:
        """Audio waiting to be played."""
        return float(len(self._frames) * FRAME_MS)

    def statistics(self) -> PlayoutStatistics:
        return PlayoutStatistics(self._utterances, self._frames_played, self._frames_flushed, self._underruns)

    def _queue(self, whole_frames: bytes) -> None:
        segment = self._segments[-1]
        for start in range(0, len(whole_frames), FRAME_BYTES):
            self._frames.append((segment, whole_frames[start : start + FRAME_BYTES]))
        segment.pushed += len(whole_frames) // FRAME_BYTES

    def _drop_queue(self) -> None:
        self._frames.clear()
        self._partial = b""
        self._is_dry = False


def _words_within(text: str, length: int) -> str:
    """The whole words among the first `length` characters."""
    end = 0
    for word in text.split():
        start = text.index(word, end)
        if start + len(word) > length:
            break
        end = start + len(word)
    return text[:end].strip()
