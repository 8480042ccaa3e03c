"""A call's callbacks run in others' tasks: on the media clock, on the poller. What one of them raises is a bug of ours,
and must end this call, and only this one: it is carried into the call's nursery.
"""

from collections.abc import Callable
from typing import NoReturn

import trio


class Guard:
    """Wraps callbacks; `run` raises what the first of them raised. After that none of them is called any more."""

    def __init__(self) -> None:
        self._error: Exception | None = None
        self._raised = trio.Event()

    def __call__[*Ts](self, callback: Callable[[*Ts], None]) -> Callable[[*Ts], None]:
        def guarded(*args: *Ts) -> None:
            if self._error is not None:
                return
            try:
                callback(*args)
            except Exception as error:  # noqa: BLE001 - raised again where the call can end
                self._error = error
                self._raised.set()

        return guarded

    async def run(self) -> NoReturn:
        await self._raised.wait()
        assert self._error is not None
        raise self._error
