"""Which of an answer's sentences may be spoken. Pure: the model's text in, sentences for the voice out.

Before: `dialogue.agent` (text deltas). After: the voice. Sentences that show the inside of the machine are left out;
the first with a value that comes from nowhere holds up the answer there and then: what would follow builds on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.dialogue.grounding import Gate, Kind
from engine.dialogue.leaks import may_be_spoken
from engine.dialogue.sentences import SentenceSplitter
from engine.log import get_logger

log = get_logger("dialogue.screen")
_GOES_ON: Final = (",", ";", ":", "—", "–")
"""How a piece ends whose sentence goes on: it tells what the rest is about."""


@dataclass(frozen=True, slots=True)
class Held:
    """A sentence that was not spoken, and the kinds of the values in it that are in no data."""

    sentence: str
    kinds: tuple[Kind, ...]


class Screen:
    """One for each answer of the model."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._splitter = SentenceSplitter()
        self._begun = ""
        self.held: Held | None = None
        """Once set, nothing more comes out."""

    def push(self, delta: str) -> list[str]:
        return self._passed(self._splitter.push(delta))

    def flush(self) -> list[str]:
        """The stream pauses for a tool: what is left is whole."""
        return self._passed(self._splitter.flush())

    def finish(self, stop_reason: str, *, has_spoken: bool) -> list[str]:
        """The stream has ended. At the token limit the last sentence is a torso: left out, unless it is all."""
        rest = self._splitter.flush()
        if stop_reason == "max_tokens":
            log.warning("answer_cut_at_token_limit")
            if has_spoken and rest and rest[-1][-1] not in ".!?…":
                rest = rest[:-1]
        return self._passed(rest)

    def _passed(self, sentences: Iterable[str]) -> list[str]:
        passed: list[str] = []
        for sentence in sentences:
            if self.held is not None:
                break
            if not may_be_spoken(sentence):
                if any(c.isalnum() for c in sentence):
                    log.warning("internals_not_spoken", characters=len(sentence))
            elif kinds := self._gate.ungrounded(sentence, self._begun):
                self.held = Held(sentence, kinds)
            else:
                passed.append(sentence)
                self._begun = f"{self._begun} {sentence}".strip() if sentence.endswith(_GOES_ON) else ""
        return passed
