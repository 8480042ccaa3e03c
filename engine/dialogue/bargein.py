"""Barge-in: is the caller taking the floor while the bot speaks? Pure; times are monotonic seconds, handed in.

Before: voice activity, echo likeness and words, all of the caller. After: the call, which holds, resumes or cancels.

In two steps, because waiting for certainty makes the bot deaf and acting on every sound makes it stutter:

    speaking --voice for `barge_in_hold_ms`--> HOLD: playout pauses at once, nothing is lost
    held --words, or voice for `barge_in_confirm_ms`--> INTERRUPT: the answer is cancelled
    held --silence for `resume_after_ms`, or only a backchannel--> RESUME: the sentence goes on where it stopped

Voice that is our own echo counts as silence. Words count only if a voice was heard since the bot began: a transcript
of the turn before may arrive after the answer has started, and would interrupt it before its first word.
Every decision leaves a clean slate; a hold lasts `MAX_HELD_SHARE` times the two waits together at the very most.
"""

import re
from collections import deque
from enum import Enum, auto
from typing import Final

from engine.audio import FRAME_MS, FRAME_SECONDS
from engine.config import TurnConfig

ECHO_LIKENESS: Final = 0.6
"""From here (`engine.media.echo`) inbound audio is our own."""
SLACK_FRAMES: Final = 2
"""The voice that makes a hold may have this many unvoiced frames within it."""
MAX_HELD_SHARE: Final = 2
_EVIDENCE_FRAMES: Final = 2
"""Voiced frames since the bot began, without which words are not believed. The first of a talk-spurt, on which no echo
check has been made yet, is none."""
_EPSILON: Final = 1e-6

_WORD: Final = re.compile(r"[^\W\d_]+")
_ANSWER_WORDS: Final = "так да добре хорошо окей"
_LISTENING_WORDS: Final = "ага угу мгм гм хм мм ммм еге ну о ясно понятно зрозуміло"
_ANSWERS: Final = frozenset(_ANSWER_WORDS.split())
"""Backchannels that may also answer a question."""
_BACKCHANNELS: Final = _ANSWERS | frozenset(_LISTENING_WORDS.split())
"""Ukrainian and Russian for «go on, I am listening»."""


class Decision(Enum):
    HOLD = auto()
    """Pause playout now, keep the place."""
    INTERRUPT = auto()
    """The caller has the floor: cancel the answer."""
    RESUME = auto()
    """It was nothing: go on."""


def is_backchannel(text: str, *, is_asking: bool = False) -> bool:
    """Whether the words only say «I am listening». `is_asking`: the bot is asking, so a «так» is an answer."""
    words = _WORD.findall(text.casefold())
    return bool(words) and all(word in _BACKCHANNELS and not (is_asking and word in _ANSWERS) for word in words)


class BargeIn:
    """One call's barge-in. `bot_started` when an utterance begins, `bot_stopped` when it has ended (a held one has
    not). Every input may return a decision; after HOLD also `poll` each tick or at `deadline()`."""

    def __init__(self, config: TurnConfig) -> None:
        self._hold_frames = max(1, config.barge_in_hold_ms // FRAME_MS)
        self._confirm_seconds = config.barge_in_confirm_ms / 1000
        self._resume_seconds = config.resume_after_ms / 1000
        self._max_held_seconds = MAX_HELD_SHARE * (self._confirm_seconds + self._resume_seconds)
        window = self._hold_frames + SLACK_FRAMES
        self._recent: deque[bool] = deque(maxlen=window)
        self._recent_sound: deque[bool] = deque(maxlen=window)
        self._is_speaking = False
        self._is_interruptible = True
        self._is_asking = False
        self._evidence = 0
        self._likeness = 0.0
        self._held_at: float | None = None
        self._voiced_at = 0.0
        self._onset_at = 0.0
        self._voiced_seconds = 0.0
        self._is_voiced = False

    def bot_started(self, *, is_interruptible: bool = True, is_asking: bool = False) -> None:
        """The bot speaks. Called again within an utterance, it only changes what is being said."""
        if not self._is_speaking:
            self._clean()
            self._evidence = 0
        self._is_speaking = True
        self._is_interruptible = is_interruptible
        self._is_asking = is_asking

    def bot_stopped(self) -> None:
        """The utterance has ended or been cancelled."""
        self._is_speaking = False
        self._clean()

    def is_only_listening(self, text: str) -> bool:
        """Whether the bot is speaking and these words only say «go on»."""
        return self._is_speaking and is_backchannel(text, is_asking=self._is_asking)

    @property
    def is_held(self) -> bool:
        return self._held_at is not None

    @property
    def is_candidate(self) -> bool:
        """There is voice that may become or confirm a barge-in: now an echo check is worth its cost."""
        return self._is_speaking and self._is_interruptible and (self.is_held or any(self._recent_sound))

    @property
    def onset_at(self) -> float:
        """When the voice of the last decision began; barge-in latency is counted from here."""
        return self._onset_at

    def echo(self, likeness: float) -> None:
        """How much of the latest inbound audio is our own echo, 0 to 1; reported before its `voiced`."""
        self._likeness = likeness

    def voiced(self, is_voiced: bool, now: float) -> Decision | None:
        """A frame that ended at `now` was voiced, or not."""
        if not (self._is_speaking and self._is_interruptible):
            return None
        self._is_voiced = is_voiced and self._likeness < ECHO_LIKENESS
        self._likeness = 0.0
        if self._is_voiced:
            if not any(self._recent) and not self.is_held:
                self._onset_at = now - FRAME_SECONDS
            self._voiced_at = now
            self._voiced_seconds += FRAME_SECONDS
            self._evidence += any(self._recent_sound)
        self._recent.append(self._is_voiced)
        self._recent_sound.append(is_voiced)
        if self.is_held:
            return self.poll(now)
        if sum(self._recent) >= self._hold_frames:
            self._held_at = now
            self._voiced_seconds = sum(self._recent) * FRAME_SECONDS
            return Decision.HOLD
        return None

    def words(self, text: str, now: float) -> Decision | None:
        """An interim or final transcript."""
        is_believed = self._is_speaking and self._is_interruptible and self._evidence >= _EVIDENCE_FRAMES
        if not is_believed or not text.strip():
            return None
        if not is_backchannel(text, is_asking=self._is_asking):
            return self._decide(Decision.INTERRUPT)
        self._voiced_seconds = 0.0  # explained by the backchannel
        return self._decide(Decision.RESUME) if self.is_held and not self._is_voiced else None

    def deadline(self) -> float | None:
        """While held: when `poll` will decide if nothing more is heard."""
        if self._held_at is None:
            return None
        return min(self._voiced_at + self._resume_seconds, self._held_at + self._max_held_seconds)

    def poll(self, now: float) -> Decision | None:
        """RESUME or INTERRUPT when a hold has lasted long enough to tell."""
        deadline = self.deadline()
        if deadline is None:
            return None
        if self._voiced_seconds + _EPSILON >= self._confirm_seconds:
            return self._decide(Decision.INTERRUPT)
        if now + _EPSILON < deadline:
            return None
        return self._decide(Decision.INTERRUPT if self._is_voiced else Decision.RESUME)

    def _decide(self, decision: Decision) -> Decision:
        self._clean()
        return decision

    def _clean(self) -> None:
        self._recent.clear()
        self._recent_sound.clear()
        self._held_at = None
        self._voiced_seconds = 0.0
        self._is_voiced = False
