"""A recogniser whose streams do not end: vendors close a stream after five minutes, or break it; a call goes on.

Before: any `Recognizer`. After: `dialogue.endpointing`, which never learns that there was more than one stream. A new
stream is opened while the old one still works, and takes over in one step; `engine.speech.handover` holds the rule.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self

import trio

from engine.errors import RecognizerError
from engine.log import get_logger
from engine.speech.base import Recognizer, RecognizerEvent, RecognizerStream
from engine.speech.handover import Handover

log = get_logger("speech.continuous")

_REOPEN_AFTER: Final = 2.0
"""Seconds until the next attempt when no new stream could be opened beside a working one."""
_EVENTS_WAITING: Final = 1000


class ContinuousRecognizer:
    """`Recognizer`. A stream lives `stream_seconds`; audio without a final transcript is kept for `ring_seconds`."""

    def __init__(
        self,
        recognizer: Recognizer,
        *,
        stream_seconds: float,
        ring_seconds: float = 30.0,
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._recognizer = recognizer
        self._stream_seconds = stream_seconds
        self._ring_seconds = ring_seconds
        self._clock = clock

    @asynccontextmanager
    async def stream(self, *, phrases: Sequence[str] = ()) -> AsyncGenerator[RecognizerStream]:
        """See `Recognizer.stream`. `events()` raises `RecognizerError` only if a new stream did not help either."""
        handover = Handover(stream_seconds=self._stream_seconds, ring_seconds=self._ring_seconds)
        session = _Session(self._recognizer, phrases, handover, self._clock)
        try:
            async with trio.open_nursery() as nursery:
                try:
                    await nursery.start(session.run_leg)
                    nursery.start_soon(session.supervise, nursery)
                    yield session
                finally:
                    nursery.cancel_scope.cancel()
                    session.close()
        except BaseExceptionGroup as group:
            # The tasks raise nothing; what the block itself raised should not come out wrapped because of them.
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from group.exceptions[0].__cause__
            raise


class _Session:
    """`RecognizerStream`, and the iterator over its events. A leg is one stream of the vendor's."""

    def __init__(
        self, recognizer: Recognizer, phrases: Sequence[str], handover: Handover, clock: Callable[[], float]
    ) -> None:
        self._recognizer = recognizer
        self._phrases = phrases
        self._handover = handover
        self._clock = clock
        self._stream: RecognizerStream | None = None
        self._leg: trio.CancelScope | None = None
        self._finished = False
        self._sent_before = 0.0
        self._wanted = trio.Event()
        self._results, self._events = trio.open_memory_channel[RecognizerEvent | RecognizerError](_EVENTS_WAITING)

    @property
    def sent_seconds(self) -> float:
        """On all streams, replays included."""
        return self._sent_before + (self._stream.sent_seconds if self._stream is not None else 0.0)

    def send_nowait(self, pcm: bytes) -> None:
        self._handover.push(pcm)
        if self._stream is not None:
            self._stream.send_nowait(pcm)
        if self._handover.due(self._clock()):
            self._wanted.set()

    def finish_nowait(self) -> None:
        self._finished = True
        if self._stream is not None:
            self._stream.finish_nowait()

    def close(self) -> None:
        self._results.close()
        self._events.close()

    def events(self) -> AsyncIterator[RecognizerEvent]:
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecognizerEvent:
        try:
            event = await self._events.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None
        if isinstance(event, RecognizerError):
            raise event
        return event

    async def supervise(self, nursery: trio.Nursery) -> None:
        """Open a stream whenever one is due, or the last one broke."""
        while True:
            await self._wanted.wait()
            try:
                await nursery.start(self.run_leg)
            except RecognizerError as error:
                if self._stream is None:
                    await self._give_up(error)
                    return
                log.warning("handover_postponed", error=str(error))
                self._handover.postpone(self._clock(), _REOPEN_AFTER)
                self._wanted = trio.Event()

    async def run_leg(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """One stream of the vendor's: started once it has taken over, cancelled by its successor. Raises
        `RecognizerError` if it cannot be opened, and nothing later."""
        with trio.CancelScope() as leg:
            async with self._recognizer.stream(phrases=self._phrases) as stream:
                promoted = self._take_over(stream, leg)
                task_status.started()
                if promoted is not None:
                    await self._results.send(promoted)
                error = await self._listen(stream)
            if self._stream is stream:  # an old stream's last word may pass the cancellation by its successor
                await self._lost(error)

    def _take_over(self, stream: RecognizerStream, leg: trio.CancelScope) -> RecognizerEvent | None:
        """In one step, so that no chunk of audio and no event falls between two streams."""
        takeover = self._handover.take_over(self._clock(), healthy=self._stream is not None)
        if self._leg is not None:
            self._leg.cancel()
        self._sent_before = self.sent_seconds
        self._stream, self._leg, self._wanted = stream, leg, trio.Event()
        if takeover.replay:
            stream.send_nowait(takeover.replay)
        if self._finished:
            stream.finish_nowait()
        return takeover.promoted

    async def _listen(self, stream: RecognizerStream) -> RecognizerError | None:
        try:
            async for event in stream.events():
                if self._stream is not stream:
                    break
                if (news := self._handover.heard(event)) is not None:
                    await self._results.send(news)
        except RecognizerError as error:
            return error
        return None

    async def _lost(self, error: RecognizerError | None) -> None:
        """The current stream has ended."""
        self._sent_before = self.sent_seconds
        self._stream = self._leg = None
        if error is None and self._finished:
            self._results.close()
            return
        error = error or RecognizerError("recognizer", "the stream ended by itself", retryable=True)
        if error.retryable and self._handover.failed(self._clock()):
            log.warning("recognition_reopened", error=str(error))
            self._wanted.set()
        else:
            await self._give_up(error)

    async def _give_up(self, error: RecognizerError) -> None:
        await self._results.send(error)
        self._results.close()
