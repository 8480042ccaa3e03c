"""One turn of the bot: what it said, what of that was heard, which tools it used.

Before: `dialogue.agent` adds sentences and exchanges; `call` closes it with what playout says was heard.
After: `dialogue.history` lays it out for the model.

Sentences count as said only while the reply is open; `close` leaves what was heard, so that the model never argues
from words the caller did not get. Tool uses enter only together with their outcomes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from engine.dialogue.llm import Text, ToolOutcome, ToolUse

type Exchange = tuple[tuple[ToolUse, ToolOutcome], ...]
"""The tool uses of one model message, each with its outcome."""
type Block = Text | ToolUse | ToolOutcome

CUT_SHORT: Final = " —"
"""Ends a sentence that was heard only in part."""


@dataclass(slots=True)
class _Sentence:
    text: str
    heard: str | None
    """None: not known yet, counts as said."""


class Reply:
    """A turn in the making until `close`. Made by `History.begin_reply`."""

    __slots__ = ("_closed", "_parts")

    def __init__(self) -> None:
        self._parts: list[_Sentence | Exchange] = []
        self._closed = False

    def say(self, text: str) -> None:
        """A sentence was handed to the voice. After `close` nothing can be heard any more: ignored."""
        if text.strip() and not self._closed:
            self._parts.append(_Sentence(text.strip(), None))

    def fixed(self, text: str, *, before: int | None = None) -> None:
        """A fixed phrase (a filler) was heard: just before the sentence said as number `before` (from 0), or at this
        point of the reply."""
        if not text.strip():
            return
        said = [place for place, part in enumerate(self._parts) if isinstance(part, _Sentence) and part.heard is None]
        at = len(self._parts) if before is None or before >= len(said) else said[before]
        self._parts.insert(at, _Sentence(text.strip(), text.strip()))

    def exchange(self, pairs: Exchange) -> None:
        """Tool uses and their outcomes. Taken even after `close`: the outcome of a shielded mutation must not be lost.
        Raises `ValueError` for a pair that does not belong together."""
        if not pairs or any(use.id != outcome.id for use, outcome in pairs):
            raise ValueError("each tool use needs its own outcome")
        self._parts.append(tuple(pairs))

    def close(self, heard: Sequence[str]) -> None:
        """`heard[i]` is what was heard of the i-th sentence said: '' nothing; a shorter list, nothing of the rest.
        The first `close` counts."""
        if self._closed:
            return
        self._closed = True
        said = [part for part in self._parts if isinstance(part, _Sentence) and part.heard is None]
        for sentence, words in zip(said, (*heard, *[""] * len(said)), strict=False):
            sentence.heard = _heard(sentence.text, words.strip())

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences handed to the voice, not yet judged by `close`, in order."""
        return tuple(part.text for part in self._parts if isinstance(part, _Sentence) and part.heard is None)

    @property
    def was_heard(self) -> bool:
        """Whether anything of this reply is known to have reached the caller."""
        return any(isinstance(part, _Sentence) and part.heard for part in self._parts)

    def blocks(self) -> Iterator[Block]:
        """In the order of the conversation. While open, what was said after the last exchange is left out: it belongs
        to the answer the model is being asked for."""
        parts = self._parts
        if not self._closed:
            exchanges = [i for i, part in enumerate(parts) if isinstance(part, tuple)]
            parts = parts[: exchanges[-1] + 1 if exchanges else 0]
        for part in parts:
            if isinstance(part, tuple):
                yield from (use for use, _ in part)
                yield from (outcome for _, outcome in part)
            elif text := part.text if part.heard is None else part.heard:
                yield Text(text)

    def size(self) -> int:
        """Characters, about."""
        return sum(
            sum(len(str(use.arguments)) + len(outcome.content) for use, outcome in part)
            if isinstance(part, tuple)
            else len(part.text)
            for part in self._parts
        )

    def to_json(self) -> list[Any]:
        """What was heard and done. Sentences of an open reply are left out: nobody can say any more what was heard."""
        kept = (part if isinstance(part, tuple) else part.heard for part in self._parts)
        return [part if isinstance(part, str) else _exchange_to_json(part) for part in kept if part]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Self:
        """The reverse of `to_json`; the reply is closed."""
        reply = cls()
        for part in data:
            if isinstance(part, str):
                reply.fixed(part)
            else:
                reply.exchange(tuple((ToolUse(**pair["use"]), ToolOutcome(**pair["outcome"])) for pair in part))
        reply._closed = True
        return reply


def _heard(said: str, words: str) -> str:
    if not words or words.split() == said.split():
        return words and said
    return words + CUT_SHORT


def _exchange_to_json(pairs: Exchange) -> list[dict[str, Any]]:
    return [
        {
            "use": {"id": use.id, "name": use.name, "arguments": dict(use.arguments)},
            "outcome": {"id": outcome.id, "content": outcome.content, "is_error": outcome.is_error},
        }
        for use, outcome in pairs
    ]
