"""The synthesiser adapter against a real gRPC server with scripted answers."""

import asyncio
import struct
import threading
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import trio

from engine.config import GoogleConfig
from engine.errors import SynthesizerError
from engine.metrics import REGISTRY
from engine.speech.base import Synthesizer
from engine.speech.google_tts import GoogleSynthesizer, pcm_of_wav
from engine.speech.grpc_thread import GrpcThread
from tests.speech.google_server import TtsResponse, WholeResponse, serving, synthesize

PCM = bytes(range(256)) * 10
LABELS = {"vendor": "google_tts"}


def config(endpoint: str, **changes: Any) -> GoogleConfig:
    return GoogleConfig(tts_endpoint=endpoint, plaintext=True, channels=1, tts_rate=1.1, **changes)


def wav(pcm: bytes, *, extra: bytes = b"") -> bytes:
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    body = b"WAVE" + form + extra + b"data" + struct.pack("<I", len(pcm)) + pcm
    return b"RIFF" + struct.pack("<I", len(body)) + body


async def say(synthesizer: Synthesizer, text: str) -> list[bytes]:
    async with synthesizer.synthesize(text) as chunks:
        return [chunk async for chunk in chunks]


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name, LABELS) or 0.0


async def test_streaming_asks_for_8_khz_pcm_and_gives_whole_samples() -> None:
    seen: list[Any] = []

    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        seen.extend([request async for request in requests])
        for cut in (PCM[:101], b"", PCM[101:102], PCM[102:]):
            yield TtsResponse(audio_content=cut)

    timed = metric("callctl_vendor_latency_seconds_count")
    async with GrpcThread() as thread, serving(thread, synthesize(behaviour)) as endpoint:
        synthesizer = GoogleSynthesizer(config(endpoint), thread)
        await synthesizer.warm_up()
        chunks = await say(synthesizer, "Добрий день")
    assert b"".join(chunks) == PCM
    assert all(chunk and len(chunk) % 2 == 0 for chunk in chunks)
    assert metric("callctl_vendor_latency_seconds_count") == timed + 1
    head, text = seen
    assert head.streaming_config.voice.name == "uk-UA-Chirp3-HD-Kore"
    assert head.streaming_config.voice.language_code == "uk-UA"
    audio = head.streaming_config.streaming_audio_config
    assert (audio.audio_encoding, audio.sample_rate_hertz, audio.speaking_rate) == (7, 8000, pytest.approx(1.1))
    assert text.input.text == "Добрий день"


async def test_the_whole_answer_loses_its_wav_header() -> None:
    seen: list[Any] = []

    async def behaviour(request: Any, context: Any) -> Any:
        seen.append(request)
        return WholeResponse(audio_content=wav(PCM))

    async with GrpcThread() as thread, serving(thread, synthesize(whole=behaviour)) as endpoint:
        assert await say(GoogleSynthesizer(config(endpoint, tts_streaming=False), thread), "Так") == [PCM]
    assert seen[0].input.text == "Так"
    assert (seen[0].audio_config.audio_encoding, seen[0].audio_config.sample_rate_hertz) == (1, 8000)


@pytest.mark.parametrize("streaming", [True, False])
async def test_errors_of_google_are_ours(streaming: bool) -> None:
    async def fail(request: Any, context: Any) -> Any:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "quota")

    async def fail_streaming(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await fail(requests, context)
        yield

    before = metric("callctl_vendor_errors_total")
    async with GrpcThread() as thread, serving(thread, synthesize(fail_streaming, fail)) as endpoint:
        synthesizer = GoogleSynthesizer(config(endpoint, tts_streaming=streaming), thread)
        with pytest.raises(SynthesizerError, match="RESOURCE_EXHAUSTED: quota") as caught:
            await say(synthesizer, "Так")
    assert caught.value.retryable
    assert metric("callctl_vendor_errors_total") == before + 1


@pytest.mark.parametrize("streaming", [True, False])
async def test_no_first_audio_in_time_is_an_error(streaming: bool) -> None:
    async def stall(request: Any, context: Any) -> Any:
        await asyncio.sleep(3600)

    async def stall_streaming(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(3600)
        yield

    async with GrpcThread() as thread, serving(thread, synthesize(stall_streaming, stall)) as endpoint:
        synthesizer = GoogleSynthesizer(config(endpoint, timeout=0.2, tts_streaming=streaming), thread)
        with trio.fail_after(5), pytest.raises(SynthesizerError, match="no audio in time") as caught:
            await say(synthesizer, "Так")
    assert caught.value.retryable


async def test_a_stall_after_the_first_audio_is_an_error() -> None:
    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        yield TtsResponse(audio_content=PCM)
        await asyncio.sleep(3600)

    async with GrpcThread() as thread, serving(thread, synthesize(behaviour)) as endpoint:
        synthesizer = GoogleSynthesizer(config(endpoint), thread, gap_seconds=0.1)
        async with synthesizer.synthesize("Так") as chunks:
            assert await anext(chunks) == PCM
            await trio.sleep(0.3)  # our own delay is not the vendor's gap
            with trio.fail_after(5), pytest.raises(SynthesizerError, match="no audio in time"):
                await anext(chunks)


async def test_an_answer_without_audio_is_an_error_and_not_silence() -> None:
    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for _ in requests:
            if context.done():
                yield

    async with GrpcThread() as thread, serving(thread, synthesize(behaviour)) as endpoint:
        with pytest.raises(SynthesizerError, match="without audio"):
            await say(GoogleSynthesizer(config(endpoint), thread), "Так")


async def test_leaving_the_context_stops_the_synthesis_at_google() -> None:
    stopped = threading.Event()

    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        context.add_done_callback(lambda _: stopped.set())
        while True:
            yield TtsResponse(audio_content=PCM)
            await asyncio.sleep(0.01)

    async with GrpcThread() as thread, serving(thread, synthesize(behaviour)) as endpoint:
        async with GoogleSynthesizer(config(endpoint), thread).synthesize("Так") as chunks:
            await anext(chunks)
        assert await trio.to_thread.run_sync(stopped.wait, 5)


def test_other_chunks_of_a_wav_file_are_skipped() -> None:
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert pcm_of_wav(wav(PCM, extra=odd)) == PCM


@pytest.mark.parametrize("answer", [b"", b"ID3", b"RIFF\0\0\0\0WAVE", wav(PCM)[:40]])
def test_what_is_no_wav_file_is_refused(answer: bytes) -> None:
    with pytest.raises(SynthesizerError, match="WAV"):
        pcm_of_wav(answer)
