"""Google Cloud Text-to-Speech v1 as a server on loopback: SynthesizeSpeech and StreamingSynthesize.

The voice is `subtitled_voice`; the timing the vendor's: a delay before the first audio, then faster than real time.
Source of the rules: the comments of google/cloud/texttospeech/v1/cloud_tts.proto.
"""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.cloud.texttospeech_v1.types import cloud_tts

from engine.audio import RATE
from engine.media.resample import resample
from engine.wire.g711 import pcm_to_alaw, pcm_to_mulaw
from ops.emulators.faults import FaultInjected, Faults
from ops.emulators.grpc_wire import GrpcServer, Refused, invalid, play, read_out
from ops.emulators.subtitled_voice import speak

_MAX_INPUT_BYTES: Final = 5000
_NATURAL_RATE: Final = 24_000
_RATES: Final = range(8_000, 48_001)
_CHUNK_SECONDS: Final = 0.1
_TAGS: Final = re.compile(r"<[^>]*>")
_LANGUAGES: Final = frozenset(("uk", "ru", "en"))
_Encoding = cloud_tts.AudioEncoding


@dataclass(frozen=True, slots=True)
class _Format:
    """How samples become bytes. `wav_tag`: the format tag of the header that SynthesizeSpeech puts before them."""

    encode: Callable[[bytes], bytes]
    sample_bytes: int
    wav_tag: int | None


_FORMATS: Final = {
    _Encoding.LINEAR16: _Format(bytes, 2, 1),
    _Encoding.PCM: _Format(bytes, 2, None),
    _Encoding.MULAW: _Format(pcm_to_mulaw, 1, 7),
    _Encoding.ALAW: _Format(pcm_to_alaw, 1, 6),
}
_STREAMED: Final = frozenset((_Encoding.PCM, _Encoding.MULAW, _Encoding.ALAW))


@dataclass(slots=True)
class TtsSettings:
    """How it behaves, changeable while it runs."""

    first_audio_ms: float = 100.0
    speed: float = 8.0
    """Times real time, after the first audio."""


@dataclass(slots=True)
class TtsCounters:
    requests: int = 0
    streams: int = 0
    refused: int = 0
    abandoned: int = 0
    """Requests whose client left before the last audio."""
    characters: int = 0
    last_text: str = ""


class GoogleTtsEmulator:
    """`google.cloud.texttospeech.v1.TextToSpeech`."""

    def __init__(self, *, faults: Faults | None = None, settings: TtsSettings | None = None) -> None:
        self.faults = faults or Faults()
        self.settings = settings or TtsSettings()
        self._counters = TtsCounters()
        methods = {
            "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
                self._synthesize_speech,
                request_deserializer=cloud_tts.SynthesizeSpeechRequest.deserialize,
                response_serializer=cloud_tts.SynthesizeSpeechResponse.serialize,
            ),
            "StreamingSynthesize": grpc.stream_stream_rpc_method_handler(
                self._streaming_synthesize,
                request_deserializer=cloud_tts.StreamingSynthesizeRequest.deserialize,
                response_serializer=cloud_tts.StreamingSynthesizeResponse.serialize,
            ),
        }
        service = "google.cloud.texttospeech.v1.TextToSpeech"
        self._server = GrpcServer([grpc.method_handlers_generic_handler(service, methods)])

    async def start(self, host: str, port: int) -> int:
        return await self._server.start(host, port)

    async def stop(self) -> None:
        await self._server.stop()

    def counters(self) -> dict[str, Any]:
        return {name: getattr(self._counters, name) for name in TtsCounters.__slots__}

    def reset_counters(self) -> None:
        self._counters = TtsCounters()

    async def _synthesize_speech(self, request: Any, context: Any) -> Any:
        self._counters.requests += 1
        try:
            await self.faults.before_answer()
            self.faults.before_event(0)
            return await self._whole(request)
        except FaultInjected as fault:
            await play(fault, context)
        except Refused as refusal:
            self._counters.refused += 1
            await context.abort(refusal.code, refusal.details)
        except asyncio.CancelledError:
            self._counters.abandoned += 1
            raise

    async def _whole(self, request: Any) -> Any:
        text = request.input.text or _TAGS.sub("", request.input.ssml)
        config = request.audio_config
        form = _FORMATS.get(config.audio_encoding)
        if form is None:
            raise invalid("`audio_config.audio_encoding` is not supported by this voice.")
        rate = _rate(config.sample_rate_hertz)
        language = _language(request.voice)
        due = self._first_audio_at()
        pcm = await self._spoken(text, language, config.speaking_rate, rate)
        due += len(pcm) / (2 * rate * self.settings.speed)
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        audio = form.encode(pcm)
        header = b"" if form.wav_tag is None else wav_header(form.wav_tag, form.sample_bytes, rate, len(audio))
        return cloud_tts.SynthesizeSpeechResponse(audio_content=header + audio)

    async def _streaming_synthesize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        self._counters.streams += 1
        index = 0
        try:
            async for response in self._streamed(requests):
                self.faults.before_event(index)
                index += 1
                yield response
        except FaultInjected as fault:
            await read_out(requests)
            await play(fault, context)
        except Refused as refusal:
            self._counters.refused += 1
            await read_out(requests)
            await context.abort(refusal.code, refusal.details)
        except (asyncio.CancelledError, GeneratorExit):
            self._counters.abandoned += 1
            raise

    async def _streamed(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        first = await anext(requests, None)
        if first is None or "streaming_config" not in first:
            raise invalid("The first message must be `streaming_config`.")
        config = first.streaming_config
        audio = config.streaming_audio_config
        encoding = audio.audio_encoding or _Encoding.PCM
        if encoding not in _STREAMED:
            raise invalid("Unsupported audio encoding for streaming.")
        if "Chirp3-HD" not in config.voice.name:
            raise invalid("Currently, only Chirp 3: HD voices are supported for streaming synthesis.")
        rate, language = _rate(audio.sample_rate_hertz), _language(config.voice)
        await self.faults.before_answer()
        async for request in requests:
            if "input" not in request:
                raise invalid("Only the first message may be `streaming_config`.")
            due = self._first_audio_at()
            pcm = await self._spoken(request.input.text, language, audio.speaking_rate, rate)
            async for chunk in self._paced(pcm, rate, due):
                yield cloud_tts.StreamingSynthesizeResponse(audio_content=_FORMATS[encoding].encode(chunk))

    async def _spoken(self, text: str, language: str, speaking_rate: float, rate: int) -> bytes:
        """PCM at `rate`, made off the loop."""
        if not text.strip():
            raise invalid("Either `input.text` or `input.ssml` must be set.")
        if len(text.encode()) > _MAX_INPUT_BYTES:
            raise invalid(f"`input` is longer than the limit of {_MAX_INPUT_BYTES} bytes.")
        self._counters.characters += len(text)
        self._counters.last_text = text
        pcm = await asyncio.to_thread(speak, text, language, speaking_rate or 1.0)
        return pcm if rate == RATE else await asyncio.to_thread(resample, pcm, RATE, rate)

    def _first_audio_at(self) -> float:
        """For a text that has just arrived: the time our own synthesis takes is part of the delay, not added to it."""
        return asyncio.get_running_loop().time() + self.settings.first_audio_ms / 1000

    async def _paced(self, pcm: bytes, rate: int, due: float) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        chunk_bytes = 2 * round(rate * _CHUNK_SECONDS)
        for start in range(0, len(pcm), chunk_bytes):
            await asyncio.sleep(due - loop.time())
            yield pcm[start : start + chunk_bytes]
            due += _CHUNK_SECONDS / self.settings.speed


def wav_header(tag: int, sample_bytes: int, rate: int, size: int) -> bytes:
    """RIFF/WAVE header of a mono file with `size` bytes of audio."""
    chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, 1, rate, rate * sample_bytes, sample_bytes, 8 * sample_bytes)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + chunk + struct.pack("<4sI", b"data", size)


def _rate(asked: int) -> int:
    rate = asked or _NATURAL_RATE
    if rate not in _RATES:
        raise invalid(f"Unsupported sample rate: {asked}.")
    return rate


def _language(voice: Any) -> str:
    if not voice.language_code:
        raise invalid("`voice.language_code` must be set.")
    if voice.name and not voice.name.startswith(voice.language_code):
        raise invalid(f"Requested language code {voice.language_code!r} doesn't match the voice {voice.name!r}.")
    language: str = voice.language_code[:2].lower()
    if language not in _LANGUAGES:
        raise invalid(f"Voice {voice.name!r} does not exist.")
    return language
