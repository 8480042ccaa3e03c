"""How a call's line came to its end, and who is waiting for that.

While a transfer is under way the end of the line says nothing by itself: a PBX that takes the caller over ends the
media connection, and so does a caller who hangs up. Then the transfer's answer decides, if it comes soon.
"""

from collections.abc import Awaitable, Callable
from math import inf
from typing import Final

import trio

from engine.pbx.operators import Transferred, TransferResult

ANSWER_SECONDS: Final = 0.5
"""How long after the end of the line the answer to a transfer is awaited: the PBX has sent it before."""
_TAKEN_SECONDS: Final = 2.0
"""How long the PBX may take to end the media connection of a caller it has taken."""
_GONE: Final = TransferResult(Transferred.CALLER_GONE, "the line ended before the caller was taken")


class LineEnd:
    """One call's. `gone` is set when the line is over and nobody here knows better what that means."""

    def __init__(self) -> None:
        self.gone = trio.Event()
        self.reason = ""
        """Why the line is over (`engine.wire.events.Closed`); empty while it stands."""
        self._over = trio.Event()
        self._transfer: trio.CancelScope | None = None

    def happened(self, reason: str) -> None:
        """The media connection is over."""
        self.reason = reason
        self._over.set()
        if self._transfer is None:
            self.gone.set()
        else:
            self._transfer.deadline = min(self._transfer.deadline, trio.current_time() + ANSWER_SECONDS)

    async def during(self, transfer: Callable[[], Awaitable[TransferResult]]) -> TransferResult:
        """What came of it; it is cancelled where the caller has hung up. A caller who was taken leaves the line, and
        that is awaited here: whoever ended it first would end it for the PBX, too."""
        result = _GONE
        self._transfer = trio.CancelScope()
        with self._transfer:
            result = await transfer()
            if result.outcome is Transferred.REACHED_QUEUE:
                self._transfer.deadline = inf
                with trio.move_on_after(_TAKEN_SECONDS):
                    await self._over.wait()
        if not self._over.is_set():
            self._transfer = None  # from now on its end means again what it says
        return result
