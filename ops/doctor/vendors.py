"""Whoever is asked in a call: each is asked something that costs next to nothing, and proves key and address."""

from typing import Final

from engine.audio import RATE
from engine.config import Config, GoogleConfig
from engine.dialogue.anthropic_llm import AnthropicModel
from engine.dialogue.llm import Finished, Message, ModelRequest, Text
from engine.knowledge.embeddings import google
from engine.knowledge.embeddings.providers import open_embedder, wanted
from engine.speech.google_stt import GoogleRecognizer
from engine.speech.google_tts import GoogleSynthesizer
from engine.speech.grpc_thread import GrpcThread
from engine.store.client import StoreClient
from ops.doctor.check import Finding, failed, ok, skipped

_SILENCE: Final = bytes(2 * RATE // 10)
"""A tenth of a second of PCM."""
_WORD: Final = "так"
_PATIENCE_SECONDS: Final = 4.0
"""Less than a check may take: who does not answer is to be named by his own adapter."""
_INSTRUCTION: Final = "Відповідай одним словом."


def _quick(google: GoogleConfig) -> GoogleConfig:
    return google.model_copy(update={"timeout": min(google.timeout, _PATIENCE_SECONDS)})


async def recognizer(config: Config) -> Finding:
    """Takes a tenth of a second of silence."""
    async with GrpcThread() as grpc, GoogleRecognizer(_quick(config.google), grpc).stream() as stream:
        stream.send_nowait(_SILENCE)
        stream.finish_nowait()
        async for _ in stream.events():
            pass
    return ok(f"{config.google.speech_model} in {config.google.location}")


async def synthesizer(config: Config) -> Finding:
    """Speaks a word."""
    async with GrpcThread() as grpc, GoogleSynthesizer(_quick(config.google), grpc).synthesize(_WORD) as audio:
        async for _ in audio:
            return ok(config.google.tts_voice)
    return failed("it sent no audio")


async def model(config: Config) -> Finding:
    """Answers with one token."""
    asked = ModelRequest(_INSTRUCTION, (Message("user", (Text(_WORD),)),), max_tokens=1)
    client = AnthropicModel(config.anthropic.model_copy(update={"first_event_timeout": _PATIENCE_SECONDS}))
    try:
        async with client.stream(asked) as events:
            finished = [event async for event in events if isinstance(event, Finished)]
    finally:
        await client.aclose()
    return ok(config.anthropic.model) if finished else failed("it did not end its answer")


async def embeddings(config: Config) -> Finding:
    """Google makes a vector. The offline model is looked at with the machine."""
    made = wanted(config)
    if made.provider != google.PROVIDER:
        return skipped(f"EMBEDDINGS_PROVIDER={made.provider} asks nobody")
    async with open_embedder(config, made) as embedder:
        await embedder.embed([_WORD], "query")
    return ok(str(made))


async def store(config: Config) -> Finding:
    """Answers a search, with the key."""
    once = config.store.model_copy(update={"timeout": _PATIENCE_SECONDS, "max_retries": 0})
    async with StoreClient(once) as client:
        await client.ping()
    return ok(config.store.base_url)
