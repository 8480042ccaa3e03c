"""Endpointing: has the caller finished their turn? Pure; times are monotonic seconds, handed in.

Before: voice activity (every frame), the recogniser (interim and final transcripts), and what the bot asked for.
After: the call, which answers the turn.

Two clocks run: the caller's silence and the recogniser's delay. A turn ends when both agree, so they overlap and no
fixed wait is added: with a recogniser 300 ms behind and `min_silence_ms` of 250, a final ends the turn as it arrives.
How much silence is needed follows from what has been said (the table in `_wait_ms`):

- an answer of a word or two to a yes/no question: less than usual;
- a number, an address, a sentence half said: `expecting_more_ms`;
- voice after the last final, words not there yet: the same;
- words without a final: `no_final_ms`, then the interim is taken (short words may never become final).

While the caller is voiced no turn ends, whatever has been recognised; finals are collected and joined.
"""

from dataclasses import dataclass, field
from typing import Final

from engine.audio import FRAME_SECONDS
from engine.config import TurnConfig
from engine.dialogue.completeness import is_half_said
from engine.dialogue.expectations import Expectation

SHORT_ANSWER_WORDS: Final = 2
SHORT_ANSWER_SHARE: Final = 0.6
"""Of `min_silence_ms`, after a short answer to a yes/no question."""
NEW_SPEECH_SECONDS: Final = 0.1
"""Voice after a final from which more words are expected; less is the end of the last word."""
LATE_FINAL_SECONDS: Final = 3.0
"""A final this soon after a turn was ended by an interim, with no voice between, is that turn's own."""
_EPSILON: Final = 1e-6


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    """The caller's turn is over. If they go on before the bot is heard, the call joins `text` with the next turn's."""

    text: str
    finals: tuple[str, ...]
    """The final transcripts; empty if an interim was taken."""
    began_at: float
    """First voice or words of the turn."""
    last_voiced_at: float
    """When the caller stopped speaking: the end of the last voiced frame. What the caller waits from."""
    final_at: float | None
    """When the last final arrived."""
    decided_at: float
    language: str | None = None
    """Of the last final that named one."""
    confidence: float | None = None
    """The lowest of the finals'."""


@dataclass(slots=True)
class _Heard:
    """What has been said in the turn so far."""

    finals: list[str] = field(default_factory=list)
    interim: str = ""
    """Words since the last final."""
    began_at: float | None = None
    last_voiced_at: float | None = None
    words_at: float = 0.0
    final_at: float | None = None
    voiced_since_final: float = 0.0
    language: str | None = None
    confidence: float | None = None

    @property
    def text(self) -> str:
        return " ".join(filter(None, (*self.finals, self.interim)))


class Endpointer:
    """Of one call. Report `voiced` for every frame, words as they come; `poll` each tick or at `deadline()`."""

    def __init__(self, config: TurnConfig) -> None:
        self._config = config
        self._expectation: Expectation = "nothing"
        self._is_voiced = False
        self._heard = _Heard()
        self._interim_taken_at: float | None = None

    def expect(self, expectation: Expectation) -> None:
        """What the bot has just asked for; stands until changed."""
        self._expectation = expectation

    @property
    def is_voiced(self) -> bool:
        return self._is_voiced

    @property
    def text(self) -> str:
        """What has been recognised of the turn in progress."""
        return self._heard.text

    def voiced(self, is_voiced: bool, now: float) -> None:
        """A frame that ended at `now` was voiced, or not."""
        self._is_voiced = is_voiced
        if is_voiced:
            self._begin(now - FRAME_SECONDS)
            self._heard.last_voiced_at = now
            self._heard.voiced_since_final += FRAME_SECONDS
            self._interim_taken_at = None

    def interim(self, text: str, now: float) -> None:
        """Words that may change, in place of the interim before; '' takes it back."""
        if self._is_late(now):
            return
        self._heard.interim = text.strip()
        if self._heard.interim:
            self._begin(now)
            self._heard.words_at = now

    def final(self, text: str, now: float, *, language: str | None = None, confidence: float | None = None) -> None:
        """Words that will not change; they replace the interim."""
        if self._is_late(now):
            return
        heard = self._heard
        heard.interim = ""
        if not (text := text.strip()):
            return
        self._begin(now)
        heard.finals.append(text)
        heard.words_at = heard.final_at = now
        heard.voiced_since_final = 0.0
        heard.language = language or heard.language
        if confidence is not None:
            heard.confidence = confidence if heard.confidence is None else min(confidence, heard.confidence)

    def deadline(self) -> float | None:
        """When the turn will be over if nothing more is heard; None while that cannot be said."""
        heard = self._heard
        if self._is_voiced or not (heard.finals or heard.interim):
            return None
        # Words nobody was heard to say (a voice too faint for the detector) count as spoken when they came.
        silent_since = heard.words_at if heard.last_voiced_at is None else heard.last_voiced_at
        ends_at = silent_since + self._wait_ms() / 1000
        if heard.interim:  # still growing, however long the silence
            ends_at = max(ends_at, heard.words_at + self._config.min_silence_ms / 1000)
        return ends_at

    def poll(self, now: float) -> EndOfTurn | None:
        """The turn, once, when it is over; the next one starts clean."""
        deadline = self.deadline()
        if deadline is None or now + _EPSILON < deadline:
            return None
        heard = self._heard
        assert heard.began_at is not None
        if heard.interim:
            self._interim_taken_at = now
        self._heard = _Heard()
        return EndOfTurn(
            text=heard.text,
            finals=tuple(heard.finals),
            began_at=heard.began_at,
            last_voiced_at=heard.words_at if heard.last_voiced_at is None else heard.last_voiced_at,
            final_at=heard.final_at,
            decided_at=now,
            language=heard.language,
            confidence=heard.confidence,
        )

    def reset(self) -> None:
        """Forget the turn in progress; whether the caller is voiced is kept."""
        self._heard = _Heard()
        self._interim_taken_at = None

    def _begin(self, now: float) -> None:
        if self._heard.began_at is None:
            self._heard.began_at = now

    def _is_late(self, now: float) -> bool:
        return self._interim_taken_at is not None and now - self._interim_taken_at < LATE_FINAL_SECONDS

    def _wait_ms(self) -> float:
        heard, config = self._heard, self._config
        if heard.interim:
            return config.no_final_ms
        more_is_coming = heard.voiced_since_final >= NEW_SPEECH_SECONDS
        if more_is_coming or is_half_said(heard.text, self._expectation):
            return config.expecting_more_ms
        if self._expectation == "yes_no" and len(heard.text.split()) <= SHORT_ANSWER_WORDS:
            return config.min_silence_ms * SHORT_ANSWER_SHARE
        return config.min_silence_ms
