"""Endless recognition over a scripted recogniser, on a virtual clock."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from engine.audio import FRAME_BYTES, FRAME_SECONDS
from engine.errors import RecognizerError
from engine.speech.base import RecognizerEvent, RecognizerStream, SpeechActivity, Transcript
from engine.speech.continuous import ContinuousRecognizer

FRAME = bytes(FRAME_BYTES)
BROKEN = RecognizerError("scripted", "broken", retryable=True)
FORBIDDEN = RecognizerError("scripted", "forbidden")


@dataclass(eq=False)
class ScriptedStream:
    """A vendor's stream: the test says what it reports."""

    phrases: Sequence[str]
    audio: bytes = b""
    finished: bool = False
    closed: bool = False
    _reports: tuple[
        trio.MemorySendChannel[RecognizerEvent | RecognizerError],
        trio.MemoryReceiveChannel[RecognizerEvent | RecognizerError],
    ] = field(default_factory=lambda: trio.open_memory_channel[RecognizerEvent | RecognizerError](100))

    @property
    def sent_seconds(self) -> float:
        return seconds_of(self.audio)

    def send_nowait(self, pcm: bytes) -> None:
        self.audio += pcm

    def finish_nowait(self) -> None:
        self.finished = True
        self._reports[0].close()

    def report(self, event: RecognizerEvent | RecognizerError) -> None:
        self._reports[0].send_nowait(event)

    def end(self) -> None:
        self._reports[0].close()

    def events(self) -> AsyncIterator[RecognizerEvent]:
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecognizerEvent:
        try:
            event = await self._reports[1].receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None
        if isinstance(event, RecognizerError):
            raise event
        return event


class ScriptedRecognizer:
    def __init__(self) -> None:
        self.streams: list[ScriptedStream] = []
        self.refusals: list[RecognizerError] = []
        self.opening_takes = 0.1

    @asynccontextmanager
    async def stream(self, *, phrases: Sequence[str] = ()) -> AsyncGenerator[RecognizerStream]:
        await trio.sleep(self.opening_takes)
        if self.refusals:
            raise self.refusals.pop(0)
        stream = ScriptedStream(phrases)
        self.streams.append(stream)
        try:
            yield stream
        finally:
            stream.closed = True


@pytest.fixture
def vendor() -> ScriptedRecognizer:
    return ScriptedRecognizer()


def continuous(vendor: ScriptedRecognizer, stream_seconds: float = 280.0) -> ContinuousRecognizer:
    return ContinuousRecognizer(vendor, stream_seconds=stream_seconds)


async def speak(stream: RecognizerStream, seconds: float) -> None:
    for _ in range(round(seconds / FRAME_SECONDS)):
        stream.send_nowait(FRAME)
        await trio.sleep(FRAME_SECONDS)


def final(text: str, end_ms: float) -> Transcript:
    return Transcript(text, True, end_ms)


def seconds_of(pcm: bytes) -> float:
    return len(pcm) / FRAME_BYTES * FRAME_SECONDS


async def test_one_stream_is_passed_through(vendor: ScriptedRecognizer, autojump_clock: MockClock) -> None:
    async with continuous(vendor).stream(phrases=["Мішлен"]) as stream:
        await speak(stream, 1.0)
        vendor.streams[0].report(final("так", 900))
        assert await anext(stream.events()) == final("так", 900)
        stream.finish_nowait()
        assert [event async for event in stream.events()] == []
    assert vendor.streams[0].phrases == ["Мішлен"]
    assert seconds_of(vendor.streams[0].audio) == 1.0
    assert vendor.streams[0].closed


async def test_a_long_call_uses_several_streams_and_times_go_on(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    async with continuous(vendor, 100.0).stream() as stream:
        await speak(stream, 89.0)
        vendor.streams[0].report(final("перше", 89_000))
        assert await anext(stream.events()) == final("перше", 89_000)
        await speak(stream, 5.0)
        old, new = vendor.streams
        assert old.closed
        assert 0 < seconds_of(old.audio) - 90.0 < 0.5
        new.report(final("друге", 2_000))
        event = await anext(stream.events())
        assert isinstance(event, Transcript)
        assert event.end_ms == pytest.approx(91_000, abs=1_500)
        assert seconds_of(new.audio) == pytest.approx(94.0 - (event.end_ms - 2_000) / 1000, abs=0.001)


async def test_a_break_costs_no_audio(vendor: ScriptedRecognizer, autojump_clock: MockClock) -> None:
    async with continuous(vendor).stream() as stream:
        await speak(stream, 2.0)
        vendor.streams[0].report(final("добрий день", 1_000))
        vendor.streams[0].report(BROKEN)
        await speak(stream, 1.0)
        assert seconds_of(vendor.streams[1].audio) == pytest.approx(2.0)
        vendor.streams[1].report(final("шини", 500))
        events = stream.events()
        assert [await anext(events), await anext(events)] == [final("добрий день", 1_000), final("шини", 1_500)]


async def test_the_old_stream_is_heard_until_the_new_one_is_open_and_never_after(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    vendor.opening_takes = 3.0
    async with continuous(vendor, 10.0).stream() as stream:
        await speak(stream, 10.5)
        assert len(vendor.streams) == 1
        vendor.streams[0].report(final("ще старий", 9_900))
        assert await anext(stream.events()) == final("ще старий", 9_900)
        await speak(stream, 2.0)
        old, new = vendor.streams
        old.report(final("запізно", 10_400))
        new.report(final("новий", 500))
        event = await anext(stream.events())
        assert isinstance(event, Transcript)
        assert event.text == "новий"
        assert event.end_ms == pytest.approx(10_500, abs=1_000)


async def test_an_event_of_the_old_stream_in_the_very_moment_of_the_switch_is_dropped(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    vendor.opening_takes = 1.0
    async with continuous(vendor, 10.0).stream() as stream:
        await speak(stream, 9.5)
        old = vendor.streams[0]
        while len(vendor.streams) == 1:
            old.report(SpeechActivity(True, 9_000))
            await trio.sleep(0.01)
        assert await anext(stream.events()) == SpeechActivity(True, 9_000)
        vendor.streams[1].report(final("новий", 100))
        assert isinstance(await anext(stream.events()), Transcript)


@pytest.mark.parametrize(
    "fail", [lambda stream: stream.report(BROKEN), ScriptedStream.end], ids=["breaks", "ends by itself"]
)
async def test_a_second_failure_at_once_reaches_the_caller(
    vendor: ScriptedRecognizer, autojump_clock: MockClock, fail: Callable[[ScriptedStream], None]
) -> None:
    async with continuous(vendor).stream() as stream:
        fail(vendor.streams[0])
        await trio.sleep(0.5)
        fail(vendor.streams[1])
        with pytest.raises(RecognizerError) as caught:
            await anext(stream.events())
        assert caught.value.retryable
        stream.send_nowait(FRAME)
        with pytest.raises(StopAsyncIteration):
            await anext(stream.events())


async def test_failures_far_apart_are_both_mended(vendor: ScriptedRecognizer, autojump_clock: MockClock) -> None:
    async with continuous(vendor).stream() as stream:
        for leg in range(3):
            await speak(stream, 10.0)
            vendor.streams[leg].report(BROKEN)
        await speak(stream, 1.0)
        vendor.streams[3].report(Transcript("чую", False))
        assert await anext(stream.events()) == Transcript("чую", False)


async def test_what_asking_again_cannot_mend_is_not_tried_again(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    async with continuous(vendor).stream() as stream:
        vendor.streams[0].report(FORBIDDEN)
        with pytest.raises(RecognizerError, match="forbidden"):
            await anext(stream.events())
    assert len(vendor.streams) == 1


async def test_a_refused_reopening_is_the_second_failure(vendor: ScriptedRecognizer, autojump_clock: MockClock) -> None:
    async with continuous(vendor).stream() as stream:
        vendor.refusals.append(RecognizerError("scripted", "still down", retryable=True))
        vendor.streams[0].report(BROKEN)
        with pytest.raises(RecognizerError, match="still down"):
            await anext(stream.events())


async def test_a_refused_handover_leaves_the_old_stream_working(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    vendor_errors = [RecognizerError("scripted", "busy", retryable=True)]
    async with continuous(vendor, 10.0).stream() as stream:
        vendor.refusals += vendor_errors
        await speak(stream, 10.0)
        assert not vendor.refusals
        vendor.streams[0].report(final("чую", 9_500))
        assert await anext(stream.events()) == final("чую", 9_500)
        await speak(stream, 3.0)
        assert len(vendor.streams) == 2


async def test_an_opening_that_fails_is_raised_bare(vendor: ScriptedRecognizer, autojump_clock: MockClock) -> None:
    vendor.refusals.append(FORBIDDEN)
    with pytest.raises(RecognizerError, match="forbidden"):
        async with continuous(vendor).stream():
            pass


async def test_what_the_block_raises_comes_out_bare(vendor: ScriptedRecognizer, autojump_clock: MockClock) -> None:
    with pytest.raises(ZeroDivisionError):
        async with continuous(vendor).stream():
            raise ZeroDivisionError


async def test_leaving_by_cancellation_closes_the_vendors_stream(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    with trio.move_on_after(5) as scope:
        async with continuous(vendor).stream() as stream:
            await anext(stream.events())
    assert scope.cancelled_caught
    assert vendor.streams[0].closed


async def test_finishing_while_reopening_still_ends_quietly(
    vendor: ScriptedRecognizer, autojump_clock: MockClock
) -> None:
    async with continuous(vendor).stream() as stream:
        await speak(stream, 1.0)
        vendor.streams[0].report(BROKEN)
        await wait_all_tasks_blocked()
        stream.finish_nowait()
        assert [event async for event in stream.events()] == []
    assert vendor.streams[1].finished
    assert seconds_of(vendor.streams[1].audio) == 1.0
