"""A conversation that cannot hold an orphan tool block.

Before: `call` (what the caller said, what was heard of the bot) and `dialogue.agent` (sentences, tool exchanges).
After: `messages()` for the model.

A tool use without its outcome, left by an interruption or split off by compression, makes every later request fail
with 400. Here uses enter only together with their outcomes, as one exchange of a `Reply`, and compression drops whole
turns.

"tool_use blocks must be followed by tool_result blocks in the next message", roles alternate, the first message is
the user's and, because the newer models refuse a prefilled answer, so is the last.
Source: https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal, Self

from engine.dialogue.llm import Message, Text, ToolOutcome
from engine.dialogue.reply import Block, Reply

__all__ = ["History", "Reply"]

CALL_BEGINS: Final = "(початок розмови)"
"""Stands for the caller when the bot spoke first."""
CALLER_SILENT: Final = "(клієнт мовчить)"
"""Stands for the caller when the bot is to speak twice in a row."""


@dataclass(slots=True)
class _UserTurn:
    text: str


class History:
    """The conversation so far. Grows to `max_turns` turns of the caller or `max_chars` characters, then drops the
    oldest turns to half of both: rarely and much, so that the vendor's prefix cache holds in between. The last turn
    always stays."""

    def __init__(self, *, max_turns: int = 40, max_chars: int = 40_000) -> None:
        self._max_turns = max_turns
        self._max_chars = max_chars
        self._turns: list[_UserTurn | Reply] = []

    def user(self, text: str) -> None:
        """The caller said something. With nothing of the bot in between it continues what they said before."""
        text = text.strip()
        if not text:
            return
        self._close_open()
        if self._turns and isinstance(last := self._turns[-1], _UserTurn):
            last.text = f"{last.text} {text}"
        else:
            self._turns.append(_UserTurn(text))
            self._compress()

    def amend_user(self, text: str) -> None:
        """The caller's last turn turned out to be `text`: they went on before anything of the answer was heard. What
        tools did meanwhile stays on record after it. If something was heard, this is a new turn."""
        self._close_open()
        for turn in reversed(self._turns):
            if isinstance(turn, _UserTurn):
                turn.text = text.strip() or turn.text
                return
            if turn.was_heard:
                break
        self.user(text)

    def begin_reply(self) -> Reply:
        """A new turn of the bot; one left open is closed as unheard."""
        self._close_open()
        reply = Reply()
        self._turns.append(reply)
        return reply

    def bot_said(self, text: str) -> None:
        """A fixed phrase was heard: within the bot's turn if it has one, else as a turn of its own."""
        if self._turns and isinstance(last := self._turns[-1], Reply):
            last.fixed(text)
        else:
            reply = self.begin_reply()
            reply.fixed(text)
            reply.close(())

    def messages(self) -> list[Message]:
        """The conversation as the model takes it: valid at every moment, never empty."""
        runs = groupby(self._blocks(), key=lambda pair: pair[0])
        messages = [Message(role, tuple(_joined(block for _, block in run))) for role, run in runs]
        if not messages or messages[0].role != "user":
            messages.insert(0, Message("user", (Text(CALL_BEGINS),)))
        if messages[-1].role != "user":
            messages.append(Message("user", (Text(CALLER_SILENT),)))
        return messages

    def to_json(self) -> dict[str, Any]:
        """Plain data for the session store."""
        turns = [{"user": t.text} if isinstance(t, _UserTurn) else {"bot": t.to_json()} for t in self._turns]
        return {"max_turns": self._max_turns, "max_chars": self._max_chars, "turns": turns}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`; a reply that was open comes back closed, without its unheard sentences."""
        history = cls(max_turns=data["max_turns"], max_chars=data["max_chars"])
        history._turns = [
            _UserTurn(turn["user"]) if "user" in turn else Reply.from_json(turn["bot"]) for turn in data["turns"]
        ]
        return history

    def _close_open(self) -> None:
        if self._turns and isinstance(last := self._turns[-1], Reply):
            last.close(())

    def _blocks(self) -> Iterator[tuple[Literal["user", "assistant"], Block]]:
        for turn in self._turns:
            if isinstance(turn, _UserTurn):
                yield "user", Text(turn.text)
            else:
                for block in turn.blocks():
                    yield "user" if isinstance(block, ToolOutcome) else "assistant", block

    def _compress(self) -> None:
        if self._fits(self._turns, self._max_turns, self._max_chars):
            return
        starts = [i for i, turn in enumerate(self._turns) if isinstance(turn, _UserTurn)]
        for start in starts:
            if start == starts[-1] or self._fits(self._turns[start:], self._max_turns // 2, self._max_chars // 2):
                del self._turns[:start]
                return

    @staticmethod
    def _fits(turns: list[_UserTurn | Reply], max_turns: int, max_chars: int) -> bool:
        users = sum(isinstance(turn, _UserTurn) for turn in turns)
        chars = sum(len(turn.text) if isinstance(turn, _UserTurn) else turn.size() for turn in turns)
        return users <= max_turns and chars <= max_chars


def _joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Neighbouring texts become one: fillers and sentences are one breath."""
    for is_text, run in groupby(blocks, key=lambda block: isinstance(block, Text)):
        if is_text:
            yield Text(" ".join(block.text for block in run if isinstance(block, Text)))
        else:
            yield from run
