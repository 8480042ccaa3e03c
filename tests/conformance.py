"""What every `MediaTransport` must do, whatever its wire. In the spirit of trio's `check_one_way_stream`.

A transport's test hands in `make_pair`: an async context manager that yields a fresh, identified, not yet started
transport and its far side, joined by a real socket.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import trio

from engine.audio import FRAME_BYTES, RATE, SILENCE_FRAME
from engine.transport.base import MediaTransport
from engine.wire.events import Audio, Closed, Connected, Digit, MediaEvent, WireEvent

PATIENCE = 5.0
"""Seconds after which a check has failed. Nothing waits that long when all is well."""


class FarSide(Protocol):
    """The other end of the wire, as the test drives it."""

    async def send(self, event: WireEvent) -> None: ...

    async def receive_frame(self) -> bytes:
        """The next audio frame of the transport, as 8 kHz PCM. Raises `EndOfStream` after its last."""
        ...

    async def hang_up(self) -> None:
        """End the connection, as a caller who hangs up does."""
        ...


class EndOfStream(Exception):
    """The transport has ended the connection properly: announced, and no reset."""


type MakePair = Callable[[], AbstractAsyncContextManager[tuple[MediaTransport, FarSide]]]


class Recorder:
    """A sink that keeps everything, and can be waited on."""

    def __init__(self) -> None:
        self.events: list[MediaEvent] = []
        self.times: list[float] = []
        self.ended = trio.Event()

    def __call__(self, event: MediaEvent, now: float) -> None:
        self.events.append(event)
        self.times.append(now)
        if isinstance(event, Closed):
            self.ended.set()

    @property
    def pcm(self) -> bytes:
        return b"".join(event.pcm for event in self.events if isinstance(event, Audio))

    @property
    def closed(self) -> list[Closed]:
        return [event for event in self.events if isinstance(event, Closed)]

    async def wait_for(self, condition: Callable[["Recorder"], bool]) -> None:
        await until(lambda: condition(self))


async def until(condition: Callable[[], bool]) -> None:
    """Poll, because the media path under test tells nobody but its sink."""
    with trio.fail_after(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.002)


def tone(number: int) -> bytes:
    """A recognisable frame: not silence, and unlike its neighbours."""
    return (100 + number).to_bytes(2, "little") * (FRAME_BYTES // 2)


async def check_transport(make_pair: MakePair) -> None:
    """Run every check, each on a fresh pair."""
    for check in CHECKS:
        async with make_pair() as (transport, far):
            with trio.fail_after(PATIENCE):
                await check(transport, far)
                await transport.close("checked")


async def caller_audio_arrives_in_order_at_8_khz(transport: MediaTransport, far: FarSide) -> None:
    recorder = Recorder()
    transport.start(recorder)
    sent = [tone(n) for n in range(20)]
    for frame in sent:
        await far.send(Audio(frame, RATE))
    await recorder.wait_for(lambda r: len(r.pcm) >= 20 * FRAME_BYTES)
    assert recorder.pcm == b"".join(sent)
    assert {event.rate for event in recorder.events if isinstance(event, Audio)} == {RATE}
    assert recorder.times == sorted(recorder.times)
    assert transport.statistics().frames_in == 20


async def what_came_before_start_is_not_lost(transport: MediaTransport, far: FarSide) -> None:
    await far.send(Audio(tone(1), RATE))
    await far.send(Digit("5"))
    await trio.sleep(0.02)
    recorder = Recorder()
    transport.start(recorder)
    await far.send(Audio(tone(2), RATE))
    await recorder.wait_for(lambda r: len(r.pcm) >= 2 * FRAME_BYTES)
    assert recorder.events == [
        Connected(transport.call_id),
        Audio(tone(1), RATE),
        Digit("5"),
        Audio(tone(2), RATE),
    ]


async def frames_leave_whole_and_in_order(transport: MediaTransport, far: FarSide) -> None:
    transport.start(Recorder())
    for number in range(20):
        transport.send_frame_nowait(tone(number))
    assert [await _next_voiced(far) for _ in range(20)] == [tone(number) for number in range(20)]
    statistics = transport.statistics()
    assert (statistics.frames_out, statistics.frames_dropped) == (20, 0)


async def a_hang_up_is_reported_once_and_last(transport: MediaTransport, far: FarSide) -> None:
    recorder = Recorder()
    transport.start(recorder)
    await far.send(Audio(tone(1), RATE))
    await far.hang_up()
    await recorder.wait_for(lambda r: bool(r.closed))
    transport.send_frame_nowait(tone(2))
    transport.flush_nowait()
    await transport.close("afterwards")
    assert len(recorder.closed) == 1
    assert isinstance(recorder.events[-1], Closed)
    assert recorder.pcm == tone(1)


async def closing_is_proper_and_may_be_repeated(transport: MediaTransport, far: FarSide) -> None:
    recorder = Recorder()
    transport.start(recorder)
    transport.send_frame_nowait(tone(1))
    async with _hanging_up_at_the_end(far) as heard:
        await transport.close("completed")
        await transport.close("completed again")
    assert heard == [tone(1)]
    assert len(recorder.closed) == 1
    assert "completed" in recorder.closed[0].reason
    assert "again" not in recorder.closed[0].reason


async def closing_works_while_cancelled(transport: MediaTransport, far: FarSide) -> None:
    transport.start(Recorder())
    async with _hanging_up_at_the_end(far) as heard:
        with trio.CancelScope() as scope:
            scope.cancel()
            await transport.close("cancelled")
    assert heard == []


async def closing_before_start_needs_no_sink(transport: MediaTransport, far: FarSide) -> None:
    async with _hanging_up_at_the_end(far):
        await transport.close("refused")


async def _next_voiced(far: FarSide) -> bytes:
    """A transport may fill its line with silence at any time."""
    while (frame := await far.receive_frame()) == SILENCE_FRAME:
        pass
    return frame


@asynccontextmanager
async def _hanging_up_at_the_end(far: FarSide) -> AsyncIterator[list[bytes]]:
    """A far side that listens until the end is announced, then hangs up. Fills the list with what it heard."""
    heard: list[bytes] = []

    async def listen() -> None:
        try:
            while True:
                heard.append(await _next_voiced(far))
        except EndOfStream:
            await far.hang_up()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        yield heard


CHECKS: tuple[Callable[[MediaTransport, FarSide], Awaitable[None]], ...] = (
    caller_audio_arrives_in_order_at_8_khz,
    what_came_before_start_is_not_lost,
    frames_leave_whole_and_in_order,
    a_hang_up_is_reported_once_and_last,
    closing_is_proper_and_may_be_repeated,
    closing_works_while_cancelled,
    closing_before_start_needs_no_sink,
)
