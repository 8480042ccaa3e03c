"""The vendors of record: Google for speech, Anthropic for language. Imported late: see `engine.server`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from engine.config import Config
from engine.dialogue.anthropic_llm import AnthropicModel
from engine.speech.google_stt import GoogleRecognizer
from engine.speech.google_tts import GoogleSynthesizer
from engine.speech.grpc_thread import GrpcThread
from engine.warmup import Vendors, warm_up

_GOODBYE_SECONDS = 2.0


@asynccontextmanager
async def open_vendors(config: Config) -> AsyncGenerator[Vendors]:
    """Connected and warm, or known to be out of reach."""
    async with GrpcThread() as grpc:
        recognizer = GoogleRecognizer(config.google, grpc)
        synthesizer = GoogleSynthesizer(config.google, grpc)
        model = AnthropicModel(config.anthropic)
        async with trio.open_nursery() as nursery:
            for part in (recognizer, synthesizer, model):
                nursery.start_soon(warm_up, type(part).__name__, part.warm_up)
        try:
            yield Vendors(recognizer, synthesizer, model)
        finally:
            with trio.move_on_after(_GOODBYE_SECONDS, shield=True):
                await model.aclose()
