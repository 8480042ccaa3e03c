"""Waiting for the database only so long.

Calling a statement off may itself take seconds when the server hangs. Nobody waits for that here: what took too long is
called off behind the back of whoever wanted it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from engine.errors import DatabaseAway, EngineError


@dataclass(slots=True)
class _Job[T]:
    work: Callable[[], Awaitable[T]]
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    over: trio.Event = field(default_factory=trio.Event)
    results: list[T] = field(default_factory=list)
    error: EngineError | None = None

    async def run(self) -> None:
        with self.scope:
            try:
                self.results.append(await self.work())
            except EngineError as error:
                self.error = error
            self.over.set()

    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return self.results[0]


class Patience:
    """`within` works as long as `run` does; otherwise the database counts as away."""

    def __init__(self) -> None:
        self._jobs: trio.Nursery | None = None

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as self._jobs:
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                self._jobs = None

    async def within[T](self, seconds: float, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives. Raises what it raises (an `EngineError`), and `DatabaseAway` after `seconds`."""
        if self._jobs is None:
            raise DatabaseAway("nobody asks the database any more")
        job = _Job(work)
        self._jobs.start_soon(job.run)
        try:
            with trio.move_on_after(seconds):
                await job.over.wait()
        finally:
            job.scope.cancel()
        if not job.over.is_set():
            raise DatabaseAway(f"no answer within {seconds:g} s")
        return job.result()
