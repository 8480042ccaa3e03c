"""What one call costs, as it goes: the vendors' quantities, priced the moment they are known.

Before: the recogniser's stream, the metered voice, the agent's usage. After: `Spent` and `ModelAnswered` events. Audio
is billed by the second all the time, so it is read off the stream now and then instead of being told frame by frame.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from engine.call.events import ModelAnswered, Observer, Spent
from engine.config import CostConfig
from engine.dialogue.llm import Usage
from engine.records.cost import Bill, Line, speech, tokens, total, voice


class Listening(Protocol):
    """The call's recogniser stream."""

    @property
    def sent_seconds(self) -> float: ...


class Account:
    """One call's. `elapsed`: seconds since it was answered."""

    def __init__(
        self, call_id: UUID, prices: CostConfig, model: str, observe: Observer, elapsed: Callable[[], float]
    ) -> None:
        self._call_id = call_id
        self._prices = prices
        self._model = model
        self._observe = observe
        self._elapsed = elapsed
        self._bill = Bill()
        self._listening: Listening | None = None
        self._listened = 0.0

    @property
    def total(self) -> Decimal:
        return self._bill.total

    def breakdown(self) -> Mapping[str, Mapping[str, Any]]:
        return self._bill.breakdown()

    def listens(self, stream: Listening) -> None:
        """The recogniser is open."""
        self._listening = stream

    def listened(self) -> None:
        """Charge the audio sent since the last time."""
        if self._listening is not None and (seconds := self._listening.sent_seconds) > self._listened:
            self._spend(speech(self._prices, seconds - self._listened))
            self._listened = seconds

    def spoke(self, characters: int) -> None:
        """So much text went to the synthesiser."""
        self._spend(voice(self._prices, characters))

    def asked(self, usage: Usage, turn: int) -> None:
        """A request to the model has been answered."""
        lines = tokens(self._prices, self._model, usage.by_kind())
        self._observe(ModelAnswered(self._call_id, turn, self._elapsed(), self._model, usage, total(lines)))
        for line in lines:
            self._spend(line)

    def _spend(self, line: Line) -> None:
        self._bill.add(line)
        self._observe(Spent(self._call_id, self._elapsed(), line.part, line.cost))
