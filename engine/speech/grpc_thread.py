"""One asyncio thread that owns everything of grpc.aio, and the bridge between it and trio.

gRPC's only asynchronous Python API is asyncio's. Measured on 150 recogniser streams, one thread with batched wake-ups
costs a third of the blocking client with its threads per stream. What crosses the bridge is callbacks in a deque; the
far loop is woken once for all that wait (`Batch`), because a wake-up (a byte through a pipe, a pass of the loop) is
what is dear, not the callback.

Above: `engine.speech.grpc_stream` (bidirectional calls), `engine.speech.google_channels` (connections).
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import grpc
import grpc.aio
import trio

from engine.errors import EngineError
from engine.log import get_logger

log = get_logger("speech.grpc")

_PATIENCE: Final = 2.0
"""Seconds that cancelled work on the other thread may take to end."""

_RETRYABLE: Final = frozenset(
    {
        "ABORTED",  # with OUT_OF_RANGE, how Google ends a stream that is too long or too silent
        "CANCELLED",
        "DEADLINE_EXCEEDED",
        "INTERNAL",
        "OUT_OF_RANGE",
        "RESOURCE_EXHAUSTED",
        "UNAVAILABLE",
        "UNKNOWN",
    }
)

_LAST_COMPLETIONS: Final = 0.02
"""Seconds for gRPC's poller to report what closing has ended. Its reports to a closed loop raise in any loop that uses
gRPC after that (as tests do) and take others' reports with them."""


class RpcError(EngineError):
    """A gRPC call failed. `status` is gRPC's name for it, such as `UNAVAILABLE`. Adapters make it their own error."""

    def __init__(self, status: str, details: str) -> None:
        super().__init__(f"{status}: {details}")
        self.status = status
        self.details = details

    @property
    def retryable(self) -> bool:
        return self.status in _RETRYABLE


class Batch:
    """Callbacks for another thread, in order, by one wake-up for all that wait. `put` is safe from any thread."""

    def __init__(self, wake: Callable[[Callable[[], None]], None]) -> None:
        self._wake = wake
        self._callbacks: deque[Callable[[], object]] = deque()
        self._woken = False

    def put(self, callback: Callable[[], object]) -> None:
        self._callbacks.append(callback)
        if not self._woken:
            self._woken = True
            self._wake(self._drain)

    def _drain(self) -> None:
        self._woken = False  # before emptying: what is put from here on may be missed below and must wake again
        while self._callbacks:
            self._callbacks.popleft()()


class Job[T]:
    """A coroutine on the asyncio thread, seen from trio. Made by `GrpcThread.start_nowait`."""

    def __init__(self, thread: "GrpcThread", on_done: Callable[[], None]) -> None:
        self.done = False
        self.error: BaseException | None = None
        self._thread = thread
        self._on_done = on_done
        self._finished = trio.Event()
        self._task: asyncio.Task[T] | None = None
        self._result: T

    def cancel_nowait(self) -> None:
        self._thread.post(self._cancel)

    async def wait(self) -> T:
        """The coroutine's result, or its exception (`RpcError` for gRPC's own). Cancelling cancels it there, too."""
        try:
            await self._finished.wait()
        finally:
            await self.aclose()
        if self.error is not None:
            raise self.error
        return self._result

    async def aclose(self) -> None:
        """Cancel, then wait until it is over, however this task is being cancelled itself: a call that is still
        winding down holds its HTTP/2 stream. Bounded."""
        if not self.done:
            self.cancel_nowait()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _PATIENCE):
                await self._finished.wait()

    def fail(self, error: BaseException) -> None:
        """Trio side: it is over."""
        if not self.done:
            self.done, self.error = True, error
            self._over()

    def _over(self) -> None:
        self._finished.set()
        self._on_done()

    def _succeed(self, result: T) -> None:
        if not self.done:
            self.done, self._result = True, result
            self._over()

    def start(self, function: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Asyncio side."""
        self._task = asyncio.create_task(function())
        self._task.add_done_callback(self._report)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _report(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            error: BaseException | None = RpcError("CANCELLED", "cancelled by us")
        elif isinstance(error := task.exception(), grpc.aio.AioRpcError):
            error = RpcError(error.code().name, error.details() or "")
        if error is None:
            result = task.result()
            self._thread.post_to_trio(lambda: self._succeed(result))
        else:
            failure = error
            self._thread.post_to_trio(lambda: self.fail(failure))


class GrpcThread:
    """The thread, for as long as `async with` lasts. When it ends, or dies, every open job fails with `RpcError`."""

    def __init__(self) -> None:
        self._jobs: set[Job[Any]] = set()
        self._ended = trio.Event()
        self._channels: list[grpc.aio.Channel] = []

    async def __aenter__(self) -> Self:
        self._token = trio.lowlevel.current_trio_token()
        self._to_trio = Batch(self._wake_trio)
        started = trio.Event()
        self._thread = threading.Thread(target=self._main, args=(started,), name="grpc", daemon=True)
        self._thread.start()
        await started.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.post(self._stop_nowait)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _PATIENCE) as patience:
            await self._ended.wait()
            await trio.to_thread.run_sync(self._thread.join)
        if patience.cancelled_caught:
            log.error("grpc_thread_stuck")

    def start_nowait[T](
        self, function: Callable[[], Coroutine[Any, Any, T]], *, on_done: Callable[[], None] = lambda: None
    ) -> Job[T]:
        """Run a coroutine on the asyncio thread; `on_done` is called on trio's. `RpcError` if the thread is gone."""
        if self._ended.is_set():
            raise RpcError("UNAVAILABLE", "the gRPC thread has ended")

        def over() -> None:
            self._jobs.discard(job)
            on_done()

        job: Job[T] = Job(self, over)
        self._jobs.add(job)
        self.post(lambda: job.start(function))
        return job

    async def run[T](self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the asyncio thread and wait for its result."""
        return await self.start_nowait(function).wait()

    def own(self, channel: grpc.aio.Channel) -> None:
        """Asyncio side: close this channel when the thread ends."""
        self._channels.append(channel)

    def post(self, callback: Callable[[], object]) -> None:
        """Call on the asyncio thread, soon and in order."""
        self._to_loop.put(callback)

    def post_to_trio(self, callback: Callable[[], object]) -> None:
        """Call on trio's thread, soon and in order. The callback must not raise."""
        self._to_trio.put(callback)

    def _main(self, started: trio.Event) -> None:
        try:
            asyncio.run(self._serve(started))
        finally:  # also when something broke the loop: threading.excepthook tells what
            self.post_to_trio(self._end)

    async def _serve(self, started: trio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._to_loop = Batch(self._wake_loop)
        stop = asyncio.Event()
        self._stop_nowait = stop.set
        self.post_to_trio(started.set)
        await stop.wait()
        open_calls = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_calls:
            task.cancel()
        await asyncio.gather(*open_calls, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in self._channels))
        await asyncio.sleep(_LAST_COMPLETIONS)

    def _wake_loop(self, drain: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: `_end` is under way and fails every job
            self._loop.call_soon_threadsafe(drain)

    def _wake_trio(self, drain: Callable[[], None]) -> None:
        with suppress(trio.RunFinishedError):  # nobody is left to be told
            self._token.run_sync_soon(drain)

    def _end(self) -> None:
        self._ended.set()
        for job in tuple(self._jobs):
            job.fail(RpcError("UNAVAILABLE", "the gRPC thread has ended"))
