"""One bidirectional gRPC call, seen from trio: sending never blocks, receiving waits, both are bounded.

Before: an adapter (`google_stt`, `google_tts`). After: `engine.speech.grpc_thread`, on whose asyncio loop the call
really runs. The two deques are each written by one thread and read by the other.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Self

import grpc.aio
import trio

from engine.speech.grpc_thread import GrpcThread, Job, RpcError

type OpenCall = Callable[[], Awaitable[Any]]
"""Makes the `grpc.aio.StreamStreamCall`, on the asyncio thread."""

_MAX_UNSENT: Final = 256
"""Messages not yet taken by the connection. At 100 ms of audio each, a server that stops reading is given up after
25 s of it (its flow-control window aside)."""
_MAX_UNREAD: Final = 256
"""Responses not yet taken by us, after which the server is held back by HTTP/2 flow control."""

_MASK: Final = "Internal error from Core"
_MASK_TRIES: Final = 10
_MASK_PAUSE: Final = 0.005
"""Seconds. The server's status arrives with the failure of the write, or within the same few milliseconds."""


class GrpcStream[Request, Response]:
    """Made by `open`; must be closed by `aclose`. One task receives."""

    def __init__(self, thread: GrpcThread, open_call: OpenCall) -> None:
        self._thread = thread
        self._open_call = open_call
        self._unsent: deque[Request | None] = deque()
        self._unread: deque[Response] = deque()
        self._to_send = asyncio.Event()
        self._room = asyncio.Event()
        self._arrivals = trio.lowlevel.ParkingLot()
        self._is_open = False
        self._overflow: RpcError | None = None
        self._status: RpcError | None = None
        """How the server ended the call, also if well (`OK`)."""
        self._job: Job[None]

    @classmethod
    async def open(cls, thread: GrpcThread, open_call: OpenCall) -> Self:
        """Start the call. Raises `RpcError`, also if it cannot be made."""
        stream = cls(thread, open_call)
        stream._job = thread.start_nowait(stream._run, on_done=stream._notify)
        try:
            while not stream._is_open:
                stream._raise_if_over()
                await stream._arrivals.park()
        except BaseException:
            await stream.aclose()
            raise
        return stream

    def send_nowait(self, message: Request) -> None:
        """Queue a message; dropped after the end. A server that has not taken the last 256 fails the stream."""
        if self._job.done:
            return
        if len(self._unsent) >= _MAX_UNSENT:
            self._overflow = RpcError("RESOURCE_EXHAUSTED", f"the server left {_MAX_UNSENT} messages unread")
            self._job.cancel_nowait()
            return
        self._unsent.append(message)
        self._thread.post(self._to_send.set)

    def finish_nowait(self) -> None:
        """No more messages: half-close."""
        if not self._job.done:
            self._unsent.append(None)
            self._thread.post(self._to_send.set)

    async def receive(self) -> Response:
        """The next response. Raises `RpcError`, or `trio.EndOfChannel` after a good end."""
        # A full checkpoint would cost a pass of the scheduler per response that is already here.
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._unread:
            self._raise_if_over()
            await self._arrivals.park()
        message = self._unread.popleft()
        if len(self._unread) == _MAX_UNREAD // 2:
            self._thread.post(self._room.set)
        return message

    async def aclose(self) -> None:
        """Cancel the call and wait, bounded, until it is gone. Idempotent."""
        await self._job.aclose()

    def _raise_if_over(self) -> None:
        if self._job.done:
            raise self._overflow or self._job.error or trio.EndOfChannel

    def _notify(self) -> None:
        self._arrivals.unpark_all()

    def _opened(self) -> None:
        self._is_open = True
        self._notify()

    async def _run(self) -> None:
        """Asyncio side: the whole life of the call."""
        call = await self._open_call()
        call.add_done_callback(self._remember_status)
        self._thread.post_to_trio(self._opened)
        writer = asyncio.create_task(self._write(call))
        try:
            while (message := await call.read()) is not grpc.aio.EOF:
                self._unread.append(message)
                self._thread.post_to_trio(self._notify)
                if len(self._unread) >= _MAX_UNREAD:
                    self._room.clear()  # a `set` posted since comes after this: callbacks run when this task waits
                    await self._room.wait()
        except grpc.aio.AioRpcError as error:
            status = await self._true_status(call)
            if status.status != "OK":
                raise status from error
        finally:
            writer.cancel()
            call.cancel()

    def _remember_status(self, call: Any) -> None:
        self._status = RpcError(_at_once(call.code()).name, _at_once(call.details()) or "")

    async def _true_status(self, call: Any) -> RpcError:
        """A write that fails because the server has ended the call makes grpc.aio report INTERNAL, which replaces the
        server's status or comes just before it (github.com/grpc/grpc/issues/36066)."""
        status = self._status or RpcError("INTERNAL", _MASK)
        for _ in range(_MASK_TRIES):
            if status.details != _MASK:
                break
            await asyncio.sleep(_MASK_PAUSE)
            status = RpcError((await call.code()).name, await call.details() or "")
        return status

    async def _write(self, call: Any) -> None:
        # When the call ends under a write, `_run` learns the reason from its read.
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                while self._unsent:
                    message = self._unsent.popleft()
                    if message is None:
                        await call.done_writing()
                        return
                    await call.write(message)


def _at_once[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """The value of a coroutine that has nothing to wait for: the status of a call that has one."""
    try:
        coroutine.send(None)
    except StopIteration as returned:
        value: T = returned.value
        return value
    raise RuntimeError("a finished call made us wait for its status")
