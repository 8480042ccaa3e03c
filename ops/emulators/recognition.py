"""What the emulated recogniser hears in a stream of audio: words from subtitles, voice activity from levels.

Pure: audio in, results out, all times are audio times. As the real one: interims while words come, a final some time
after the last voiced audio, nothing at all for speech it does not understand (a human, who has no subtitle).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.audio import FRAME_BYTES, FRAME_MS, rms
from ops.emulators.subtitle_decoder import SubtitleDecoder
from ops.emulators.subtitle_events import PacketHeard

VOICED_RMS: Final = 150.0
_BEGIN_FRAMES: Final = 3
_INTERIM_EVERY_FRAMES: Final = 5
_VERIFIED_STABILITY: Final = 0.9
_UNVERIFIED_STABILITY: Final = 0.5
_LETTERS_OF: Final = {"uk": frozenset("іїєґІЇЄҐ"), "ru": frozenset("ыэъёЫЭЪЁ")}


@dataclass(frozen=True, slots=True)
class Heard:
    """A result. `stability` of interims: low while its last words have not been verified."""

    text: str
    is_final: bool
    end_ms: int
    stability: float = 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Speech began or ended."""

    began: bool
    at_ms: int


type RecognitionEvent = Heard | Activity


class Recognition:
    """One stream. `push` 8 kHz PCM of any even length; `finish` when there is no more."""

    def __init__(self, *, final_delay_ms: int = 300) -> None:
        self._final_delay_frames = max(1, final_delay_ms // FRAME_MS)
        self._decoder = SubtitleDecoder()
        self._pending = b""
        self._frames = 0
        self._voiced = 0
        self._last_voiced = 0
        self._speaking = False
        self._words = ""
        self._given = ""  # what a final has already reported of the packet under way
        self._interim = ""

    @property
    def checksum_errors(self) -> int:
        return self._decoder.checksum_errors

    @property
    def audio_ms(self) -> int:
        return self._frames * FRAME_MS

    def push(self, pcm: bytes) -> Iterator[RecognitionEvent]:
        data = self._pending + pcm
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        self._pending = data[whole:]
        for start in range(0, whole, FRAME_BYTES):
            yield from self._push_frame(data[start : start + FRAME_BYTES])

    def finish(self) -> Iterator[RecognitionEvent]:
        """The audio is over: what has been heard becomes final at once."""
        yield from self._end_speech()

    def _push_frame(self, frame: bytes) -> Iterator[RecognitionEvent]:
        self._frames += 1
        verified = False
        for event in self._decoder.push(frame):
            if isinstance(event, PacketHeard):
                self._words += event.text.removeprefix(self._given)
                self._given = ""
                verified = True
        if rms(frame) > VOICED_RMS:
            self._voiced += 1
            self._last_voiced = self._frames
        elif self._frames - self._last_voiced == self._final_delay_frames:
            yield from self._end_speech()
            return
        if self._voiced == _BEGIN_FRAMES and not self._speaking:
            self._speaking = True
            yield Activity(True, (self._frames - _BEGIN_FRAMES) * FRAME_MS)
        if verified or (self._speaking and self._frames % _INTERIM_EVERY_FRAMES == 0):
            yield from self._interims(verified)

    def _interims(self, verified: bool) -> Iterator[RecognitionEvent]:
        unverified = self._decoder.partial.removeprefix(self._given)
        whole_words = unverified[: unverified.rfind(" ") + 1]
        text = (self._words + whole_words).strip()
        if text and (verified or text != self._interim):
            self._interim = text
            stability = _UNVERIFIED_STABILITY if whole_words else _VERIFIED_STABILITY
            yield Heard(text, False, self.audio_ms, stability)

    def _end_speech(self) -> Iterator[RecognitionEvent]:
        partial = self._decoder.partial
        text = (self._words + partial.removeprefix(self._given)).strip()
        self._given = partial
        self._words = self._interim = ""
        self._voiced = 0
        end_ms = self._last_voiced * FRAME_MS
        if self._speaking:
            self._speaking = False
            yield Activity(False, end_ms)
        if text:
            yield Heard(text, True, end_ms)


def language_of(text: str, offered: Sequence[str]) -> str:
    """Which of the offered language codes the letters speak for; the first, if they do not say."""
    letters = set(text)
    for language, telling in _LETTERS_OF.items():
        if letters & telling:
            return next((code for code in offered if code.lower().startswith(language)), offered[0])
    if text.isascii() and any(letter.isalpha() for letter in letters):
        return next((code for code in offered if code.lower().startswith("en")), offered[0])
    return offered[0]
