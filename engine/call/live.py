"""The calls in progress of this process, and how they learn that they are to end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import trio

from engine.call.demands import Drained, HungUp


class LiveCalls:
    """One per process."""

    def __init__(self) -> None:
        self._calls: dict[UUID, Callable[[Drained | HungUp], None]] = {}
        self._left = trio.Event()
        self._is_over = False

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def ids(self) -> Sequence[UUID]:
        return tuple(self._calls)

    def hang_up(self, call_id: UUID) -> bool:
        """Somebody of the shop wants that call to end. False: it is not here."""
        if (demand := self._calls.get(call_id)) is None:
            return False
        demand(HungUp())
        return True

    @contextmanager
    def joined(self, call_id: UUID, demand: Callable[[Drained | HungUp], None]) -> Iterator[None]:
        """A call is in progress. One that comes after `hand_over` is told at once."""
        self._calls[call_id] = demand
        if self._is_over:
            demand(Drained())
        try:
            yield
        finally:
            del self._calls[call_id]
            self._left.set()

    def hand_over(self) -> None:
        """Every caller goes to an operator now."""
        self._is_over = True
        for demand in list(self._calls.values()):
            demand(Drained())

    async def wait_ended(self) -> None:
        """Until no call is left."""
        while self._calls:
            self._left = trio.Event()
            await self._left.wait()
