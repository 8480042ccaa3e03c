"""The asyncio thread and its streams, over a real gRPC server."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
import trio

from engine.speech.grpc_stream import GrpcStream
from engine.speech.grpc_thread import Batch, GrpcThread, RpcError
from tests.speech.google_server import SttRequest, SttResponse, recognize, serving

METHOD = "/google.cloud.speech.v2.Speech/StreamingRecognize"


def opener(thread: GrpcThread, endpoint: str) -> Callable[[], Awaitable[Any]]:
    async def open_call() -> Any:
        channel = grpc.aio.insecure_channel(endpoint)
        thread.own(channel)
        return channel.stream_stream(
            METHOD, request_serializer=SttRequest.SerializeToString, response_deserializer=SttResponse.FromString
        )()

    return open_call


def answer(text: str) -> Any:
    return SttResponse(results=[{"alternatives": [{"transcript": text}]}])


def text_of(response: Any) -> str:
    return str(response.results[0].alternatives[0].transcript)


async def echo_sizes(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
    async for request in requests:
        yield answer(str(len(request.audio)))


def test_a_batch_wakes_once_for_all_that_waits() -> None:
    wakes: list[Callable[[], None]] = []
    heard: list[int] = []
    batch = Batch(wakes.append)
    batch.put(lambda: heard.append(1))
    batch.put(lambda: heard.append(2))
    assert len(wakes) == 1
    wakes.pop()()
    batch.put(lambda: heard.append(3))
    assert len(wakes) == 1
    wakes.pop()()
    assert heard == [1, 2, 3]


def test_what_is_put_while_a_batch_drains_is_not_left_behind() -> None:
    wakes: list[Callable[[], None]] = []
    heard: list[str] = []
    batch = Batch(wakes.append)
    batch.put(lambda: batch.put(lambda: heard.append("late")))
    while wakes:
        wakes.pop()()
    assert heard == ["late"]


async def test_run_gives_results_and_errors() -> None:
    async def where() -> str:
        return threading.current_thread().name

    async def fail() -> None:
        raise ValueError("as it was")

    async with GrpcThread() as thread:
        assert await thread.run(where) == "grpc"
        with pytest.raises(ValueError, match="as it was"):
            await thread.run(fail)


async def test_cancelling_run_cancels_the_coroutine_and_waits_for_it() -> None:
    ended = threading.Event()
    started = trio.Event()

    async with GrpcThread() as thread:

        async def forever() -> None:
            thread.post_to_trio(started.set)
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()

        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(thread.run, forever)
                await started.wait()
                scope.cancel()
        assert ended.is_set()


async def test_messages_keep_their_order_both_ways() -> None:
    sizes = [str(size) for size in range(1, 400)]
    async with GrpcThread() as thread, serving(thread, recognize(echo_sizes)) as endpoint:
        stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
        heard: list[str] = []
        for size in sizes:
            stream.send_nowait(SttRequest(audio=bytes(int(size))))
            if int(size) % 50 == 0:
                heard += [text_of(await stream.receive()) for _ in range(50)]
        stream.finish_nowait()
        heard += [text_of(await stream.receive()) for _ in range(len(sizes) - len(heard))]
        with pytest.raises(trio.EndOfChannel):
            await stream.receive()
        await stream.aclose()
    assert heard == sizes


async def test_a_status_comes_out_as_rpc_error_after_the_responses_before_it() -> None:
    async def fail(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        yield answer("before")
        await context.abort(grpc.StatusCode.OUT_OF_RANGE, "five minutes")

    async with GrpcThread() as thread, serving(thread, recognize(fail)) as endpoint:
        stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
        assert text_of(await stream.receive()) == "before"
        with pytest.raises(RpcError, match="OUT_OF_RANGE: five minutes") as caught:
            await stream.receive()
        assert caught.value.retryable
        stream.send_nowait(SttRequest(audio=b"dropped"))
        await stream.aclose()


async def test_the_servers_status_survives_writes_that_come_too_late() -> None:
    async def fail(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await anext(aiter(requests))
        await context.abort(grpc.StatusCode.OUT_OF_RANGE, "five minutes")
        yield

    async with GrpcThread() as thread, serving(thread, recognize(fail)) as endpoint:
        for _ in range(10):
            stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
            for _ in range(100):
                stream.send_nowait(SttRequest(audio=bytes(1600)))
            with pytest.raises(RpcError, match="OUT_OF_RANGE: five minutes"):
                await stream.receive()
            await stream.aclose()


async def test_a_good_end_survives_writes_that_come_too_late() -> None:
    async def answer_once(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        yield answer("done")

    async with GrpcThread() as thread, serving(thread, recognize(answer_once)) as endpoint:
        for _ in range(50):
            stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
            for _ in range(20):
                stream.send_nowait(SttRequest(audio=bytes(160)))
            assert text_of(await stream.receive()) == "done"
            with pytest.raises(trio.EndOfChannel):
                await stream.receive()
            await stream.aclose()


async def test_closing_cancels_the_call_at_the_server_even_under_cancellation() -> None:
    gone = threading.Event()

    async def linger(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        context.add_done_callback(lambda _: gone.set())
        yield answer("here")
        await asyncio.sleep(3600)

    async with GrpcThread() as thread, serving(thread, recognize(linger)) as endpoint:
        stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
        await stream.receive()
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.aclose()
        with pytest.raises(RpcError, match="CANCELLED"):
            await stream.receive()
        assert await trio.to_thread.run_sync(gone.wait, 5)


async def test_a_server_that_reads_nothing_fails_the_stream_instead_of_filling_memory() -> None:
    async def deaf(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(3600)
        yield answer("never")

    async with GrpcThread() as thread, serving(thread, recognize(deaf)) as endpoint:
        stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
        message = SttRequest(audio=bytes(15_000))
        for _ in range(600):
            stream.send_nowait(message)
        with trio.fail_after(5), pytest.raises(RpcError, match="RESOURCE_EXHAUSTED"):
            await stream.receive()
        await stream.aclose()


async def test_a_flood_of_responses_waits_at_the_server() -> None:
    sent = 0

    async def flood(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        nonlocal sent
        for number in range(3000):
            sent = number
            yield answer(str(number) + " " * 2000)

    async with GrpcThread() as thread, serving(thread, recognize(flood)) as endpoint:
        stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
        await trio.sleep(0.3)
        assert sent < 2900
        numbers = [int(text_of(await stream.receive())) for _ in range(3000)]
        assert numbers == list(range(3000))
        await stream.aclose()


async def test_an_unopened_call_raises_at_once() -> None:
    async def refuse() -> Any:
        raise RpcError("UNAVAILABLE", "no connection")

    async with GrpcThread() as thread:
        with pytest.raises(RpcError, match="no connection"):
            await GrpcStream.open(thread, refuse)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_when_the_thread_dies_every_stream_and_job_fails() -> None:
    async def forever() -> None:
        await asyncio.sleep(3600)

    async def quiet(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(3600)
        yield answer("never")

    async with (
        GrpcThread() as server_thread,
        serving(server_thread, recognize(quiet)) as endpoint,
        GrpcThread() as thread,
    ):
        stream: GrpcStream[Any, Any] = await GrpcStream.open(thread, opener(thread, endpoint))
        job = thread.start_nowait(forever)
        thread.post(lambda: asyncio.get_running_loop().stop())
        with trio.fail_after(5):
            with pytest.raises(RpcError):
                await stream.receive()
            with pytest.raises(RpcError):
                await job.wait()
            with pytest.raises(RpcError):
                await thread.run(forever)
        await stream.aclose()
