"""Google Cloud Speech v2 as a server on loopback: StreamingRecognize, its rules, its limits and its bad days.

Speaks the real protocol with the real message classes, so that the real client talks to it. What it hears is in
`recognition`; this module is the wire: what must come first, what is refused, when a stream ends.
Source of the rules: cloud.google.com/speech-to-text/v2 quotas and StreamingRecognizeRequest.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import grpc
from google.cloud.speech_v2.types import cloud_speech

from engine.audio import RATE
from engine.media.resample import StreamResampler
from engine.wire.g711 import alaw_to_pcm, mulaw_to_pcm
from ops.emulators.faults import FaultInjected, Faults
from ops.emulators.grpc_wire import GrpcServer, Refused, invalid, play, read_out
from ops.emulators.recognition import Activity, Heard, Recognition, RecognitionEvent, language_of

_MAX_AUDIO_BYTES: Final = 15 * 1024
_CONFIDENCE: Final = 0.93
_RECOGNIZER: Final = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/recognizers/[^/]+")
_RATES: Final = range(8_000, 48_001)

type Decode = Callable[[bytes], bytes]

_Encoding = cloud_speech.ExplicitDecodingConfig.AudioEncoding
_TO_PCM: Final[dict[int, Decode]] = {
    _Encoding.LINEAR16: bytes,
    _Encoding.MULAW: mulaw_to_pcm,
    _Encoding.ALAW: alaw_to_pcm,
}
# The plain protobuf class: proto-plus wrapping costs more than the rest of a message.
_Request: Final[Any] = type(cloud_speech.StreamingRecognizeRequest.pb(cloud_speech.StreamingRecognizeRequest()))


@dataclass(slots=True)
class SpeechSettings:
    """How it behaves, changeable while it runs; for streams opened later."""

    final_delay_ms: int = 300
    """Audio after the last voiced audio before the final result."""
    stream_limit_s: float = 305.0
    audio_timeout_s: float = 10.0
    """A stream that gets no audio for this long is ended."""
    location: str = ""
    """The only location this endpoint serves; empty: any."""


@dataclass(slots=True)
class SpeechCounters:
    streams: int = 0
    open_streams: int = 0
    refused: int = 0
    interims: int = 0
    finals: int = 0
    checksum_errors: int = 0
    """Damaged subtitles: audio that did not arrive as it was spoken."""
    last_final: str = ""


@dataclass(frozen=True, slots=True)
class _Opening:
    """What the first message asked for."""

    decode: Decode
    languages: tuple[str, ...]
    interims: bool
    activity: bool


class GoogleSpeechEmulator:
    """`google.cloud.speech.v2.Speech`, StreamingRecognize only."""

    def __init__(self, *, faults: Faults | None = None, settings: SpeechSettings | None = None) -> None:
        self.faults = faults or Faults()
        self.settings = settings or SpeechSettings()
        self._counters = SpeechCounters()
        method = grpc.stream_stream_rpc_method_handler(
            self._streaming_recognize,
            request_deserializer=_Request.FromString,
            response_serializer=cloud_speech.StreamingRecognizeResponse.serialize,
        )
        methods = {"StreamingRecognize": method}
        self._server = GrpcServer([grpc.method_handlers_generic_handler("google.cloud.speech.v2.Speech", methods)])

    async def start(self, host: str, port: int) -> int:
        return await self._server.start(host, port)

    async def stop(self) -> None:
        await self._server.stop()

    def counters(self) -> dict[str, Any]:
        return {name: getattr(self._counters, name) for name in SpeechCounters.__slots__}

    def reset_counters(self) -> None:
        """Forget the counts, except of what is open."""
        self._counters = SpeechCounters(open_streams=self._counters.open_streams)

    async def _streaming_recognize(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        self._counters.streams += 1
        self._counters.open_streams += 1
        index = 0
        try:
            async for response in self._responses(requests):
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
        finally:
            self._counters.open_streams -= 1

    async def _responses(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        limit_at = asyncio.get_running_loop().time() + self.settings.stream_limit_s
        first = await self._next(requests, limit_at)
        if first is None:
            raise invalid("Malordered Data Received. Expected the streaming_config first.")
        opening = open_stream(first, self.settings)
        await self.faults.before_answer()
        recognition = Recognition(final_delay_ms=self.settings.final_delay_ms)
        damaged = 0
        while (request := await self._next(requests, limit_at)) is not None:
            for event in recognition.push(opening.decode(audio_of(request))):
                if (response := self._response(event, opening)) is not None:
                    yield response
            self._counters.checksum_errors += recognition.checksum_errors - damaged
            damaged = recognition.checksum_errors
        for event in recognition.finish():
            if (response := self._response(event, opening)) is not None:
                yield response

    async def _next(self, requests: AsyncIterator[Any], limit_at: float) -> Any | None:
        """The next request, or None after the last. Raises `Refused` when it comes too late."""
        timeout_at = asyncio.get_running_loop().time() + self.settings.audio_timeout_s
        try:
            async with asyncio.timeout_at(min(timeout_at, limit_at)):
                return await anext(requests, None)
        except TimeoutError:
            if limit_at <= timeout_at:
                raise Refused(
                    grpc.StatusCode.OUT_OF_RANGE,
                    f"Exceeded maximum allowed stream duration of {self.settings.stream_limit_s:g} seconds.",
                ) from None
            raise Refused(
                grpc.StatusCode.ABORTED, "Stream timed out after receiving no more client requests."
            ) from None

    def _response(self, event: RecognitionEvent, opening: _Opening) -> Any | None:
        if isinstance(event, Activity):
            return _activity(event) if opening.activity else None
        if event.is_final:
            self._counters.finals += 1
            self._counters.last_final = event.text
        elif not opening.interims:
            return None
        else:
            self._counters.interims += 1
        return _result(event, language_of(event.text, opening.languages))


def open_stream(request: Any, settings: SpeechSettings) -> _Opening:
    """Check a stream's first message as the real service does. Raises `Refused` with INVALID_ARGUMENT."""
    if request.WhichOneof("streaming_request") != "streaming_config":
        raise invalid("Malordered Data Received. Expected streaming_config as the first message.")
    recognizer = _RECOGNIZER.fullmatch(request.recognizer)
    if recognizer is None:
        raise invalid(f"Invalid resource field value in the request: recognizer {request.recognizer!r}.")
    if settings.location not in ("", recognizer["location"]):
        raise invalid(
            f"Expected resource location to be {settings.location}, "
            f"but found {recognizer['location']} in resource name."
        )
    config = request.streaming_config.config
    if config.WhichOneof("decoding_config") != "explicit_decoding_config":
        raise invalid("Audio decoding config must be explicit for headerless audio.")
    if not config.language_codes or not config.model:
        raise invalid("Recognizer `_` needs `model` and `language_codes` in the request.")
    features = request.streaming_config.streaming_features
    return _Opening(
        decode=_decoder(config.explicit_decoding_config),
        languages=tuple(config.language_codes),
        interims=features.interim_results,
        activity=features.enable_voice_activity_events,
    )


def audio_of(request: Any) -> bytes:
    """The audio of a later message. Raises `Refused` with INVALID_ARGUMENT."""
    if request.WhichOneof("streaming_request") != "audio":
        raise invalid("Malordered Data Received. Expected audio after the streaming_config.")
    audio: bytes = request.audio
    if len(audio) > _MAX_AUDIO_BYTES:
        raise invalid(f"Audio chunk can be of a a maximum of {_MAX_AUDIO_BYTES} bytes, got {len(audio)}.")
    return audio


def _decoder(decoding: Any) -> Decode:
    to_pcm = _TO_PCM.get(decoding.encoding)
    if to_pcm is None:
        raise invalid(f"Unsupported audio encoding: {decoding.encoding}.")
    if decoding.sample_rate_hertz not in _RATES:
        raise invalid(f"Invalid sample_rate_hertz: {decoding.sample_rate_hertz}; must be between 8000 and 48000.")
    if decoding.audio_channel_count != 1:
        raise invalid(f"Invalid audio_channel_count: {decoding.audio_channel_count}.")
    if decoding.sample_rate_hertz == RATE:
        return to_pcm
    resampler = StreamResampler(decoding.sample_rate_hertz, RATE)
    return lambda data: resampler.convert(to_pcm(data))


def _activity(event: Activity) -> Any:
    kind = cloud_speech.StreamingRecognizeResponse.SpeechEventType
    return cloud_speech.StreamingRecognizeResponse(
        speech_event_type=kind.SPEECH_ACTIVITY_BEGIN if event.began else kind.SPEECH_ACTIVITY_END,
        speech_event_offset=timedelta(milliseconds=event.at_ms),
    )


def _result(event: Heard, language: str) -> Any:
    return cloud_speech.StreamingRecognizeResponse(
        results=[
            cloud_speech.StreamingRecognitionResult(
                alternatives=[
                    cloud_speech.SpeechRecognitionAlternative(
                        transcript=event.text, confidence=_CONFIDENCE if event.is_final else 0.0
                    )
                ],
                is_final=event.is_final,
                stability=event.stability,
                result_end_offset=timedelta(milliseconds=event.end_ms),
                language_code=language,
            )
        ]
    )
