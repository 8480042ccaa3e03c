"""Both adapters against the project's own emulators: what is spoken is heard again, word for word."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import trio

from engine.audio import FRAME_BYTES, SILENCE_FRAME
from engine.config import GoogleConfig
from engine.speech.base import RecognizerStream, Synthesizer, Transcript
from engine.speech.continuous import ContinuousRecognizer
from engine.speech.google_stt import GoogleRecognizer
from engine.speech.google_tts import GoogleSynthesizer
from engine.speech.grpc_thread import GrpcThread
from ops.emulators.google_speech import GoogleSpeechEmulator
from ops.emulators.google_tts import GoogleTtsEmulator

TEXT = "добрий день, потрібні літні шини"


@dataclass(frozen=True)
class Google:
    config: GoogleConfig
    thread: GrpcThread


@asynccontextmanager
async def emulated(*, streaming: bool) -> AsyncGenerator[Google]:
    speech, tts = GoogleSpeechEmulator(), GoogleTtsEmulator()
    async with GrpcThread() as servers:
        speech_port = await servers.run(lambda: speech.start("127.0.0.1", 0))
        tts_port = await servers.run(lambda: tts.start("127.0.0.1", 0))
        config = GoogleConfig(
            project="emulated",
            speech_endpoint=f"127.0.0.1:{speech_port}",
            tts_endpoint=f"127.0.0.1:{tts_port}",
            tts_streaming=streaming,
            plaintext=True,
            channels=1,
        )
        try:
            async with GrpcThread() as thread:
                yield Google(config, thread)
        finally:
            await servers.run(speech.stop)
            await servers.run(tts.stop)


async def spoken(synthesizer: Synthesizer, text: str) -> bytes:
    async with synthesizer.synthesize(text) as chunks:
        pcm = b"".join([chunk async for chunk in chunks])
    return pcm + bytes(-len(pcm) % FRAME_BYTES)


async def next_final(stream: RecognizerStream) -> Transcript:
    async for event in stream.events():
        if isinstance(event, Transcript) and event.is_final:
            return event
    raise AssertionError("no final transcript")


@pytest.mark.parametrize("streaming", [True, False])
async def test_what_is_spoken_is_heard_also_by_the_next_stream(streaming: bool) -> None:
    async with emulated(streaming=streaming) as google:
        synthesizer = GoogleSynthesizer(google.config, google.thread)
        pcm = await spoken(synthesizer, TEXT)
        recognizer = ContinuousRecognizer(GoogleRecognizer(google.config, google.thread), stream_seconds=0.4)
        with trio.fail_after(20):
            async with recognizer.stream(phrases=["літні шини"]) as stream:
                for turn in range(2):
                    said = pcm + 50 * SILENCE_FRAME
                    for start in range(0, len(said), FRAME_BYTES):
                        stream.send_nowait(said[start : start + FRAME_BYTES])
                        await trio.sleep(0.004)  # five times real time
                    heard = await next_final(stream)
                    assert heard.text.lower().rstrip(".") == TEXT
                    end_ms = turn * (len(pcm) / 16 + 1000) + len(pcm) / 16
                    assert heard.end_ms == pytest.approx(end_ms, abs=600)
                    await trio.sleep(0.5)  # the stream's life is over: the next frames open its successor
