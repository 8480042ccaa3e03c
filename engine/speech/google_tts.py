"""Google Cloud Text-to-Speech: StreamingSynthesize (Chirp 3 HD voices), or SynthesizeSpeech for the others.

Before: `speech.verbalize` made the text speakable. After: `media.playout`. Both methods give 8 kHz PCM: no resampler.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Self

import trio
from google.cloud.texttospeech_v1.types import cloud_tts

from engine.audio import RATE
from engine.config import GoogleConfig
from engine.errors import SynthesizerError
from engine.metrics import VENDOR_ERRORS, VENDOR_SECONDS
from engine.speech.google_channels import ChannelPool
from engine.speech.grpc_stream import GrpcStream
from engine.speech.grpc_thread import GrpcThread, RpcError
from engine.speech.ready_audio import ReadyAudio

VENDOR: Final = "google_tts"
_STREAMING: Final = "/google.cloud.texttospeech.v1.TextToSpeech/StreamingSynthesize"
_WHOLE: Final = "/google.cloud.texttospeech.v1.TextToSpeech/SynthesizeSpeech"
_StreamingRequest: Final[Any] = cloud_tts.StreamingSynthesizeRequest.pb()
_StreamingResponse: Final[Any] = cloud_tts.StreamingSynthesizeResponse.pb()
_Request: Final[Any] = cloud_tts.SynthesizeSpeechRequest.pb()
_Response: Final[Any] = cloud_tts.SynthesizeSpeechResponse.pb()

_GAP_SECONDS: Final = 3.0
"""The longest wait between two chunks of one sentence."""


class GoogleSynthesizer:
    """`Synthesizer`. First audio within `config.timeout`, then chunks no further apart than `gap_seconds`."""

    def __init__(self, config: GoogleConfig, grpc: GrpcThread, *, gap_seconds: float = _GAP_SECONDS) -> None:
        self._config = config
        self._grpc = grpc
        self._gap_seconds = gap_seconds
        self._channels = ChannelPool(grpc, config.tts_endpoint or "texttospeech.googleapis.com", config)
        self._voice = cloud_tts.VoiceSelectionParams(
            language_code="-".join(config.tts_voice.split("-")[:2]), name=config.tts_voice
        )
        self._streaming_config = cloud_tts.StreamingSynthesizeConfig(
            voice=self._voice,
            streaming_audio_config=cloud_tts.StreamingAudioConfig(
                audio_encoding=cloud_tts.AudioEncoding.PCM, sample_rate_hertz=RATE, speaking_rate=config.tts_rate
            ),
        )
        self._audio_config = cloud_tts.AudioConfig(
            audio_encoding=cloud_tts.AudioEncoding.LINEAR16, sample_rate_hertz=RATE, speaking_rate=config.tts_rate
        )

    async def warm_up(self) -> None:
        """Connect every channel. Raises `SynthesizerError` after the configured timeout."""
        with _mapped_errors():
            await self._grpc.run(self._channels.all_ready)

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        """See `Synthesizer.synthesize`."""
        begun = trio.current_time()
        deadline = begun + self._config.timeout
        if not self._config.tts_streaming:
            with _mapped_errors(), trio.fail_at(deadline):
                wav = await self._synthesize_whole(text)
            VENDOR_SECONDS.labels(VENDOR).observe(trio.current_time() - begun)
            yield ReadyAudio(pcm_of_wav(wav))
            return
        with _mapped_errors(), trio.fail_at(deadline):
            rpc: GrpcStream[Any, Any] = await GrpcStream.open(self._grpc, self._open_streaming)
        try:
            rpc.send_nowait(_streaming_request(streaming_config=self._streaming_config))
            rpc.send_nowait(_streaming_request(input=cloud_tts.StreamingSynthesisInput(text=text)))
            rpc.finish_nowait()
            yield _StreamedAudio(rpc, begun=begun, deadline=deadline, gap_seconds=self._gap_seconds)
        finally:
            await rpc.aclose()

    async def _open_streaming(self) -> Any:
        channel = await self._channels.next_ready()
        return channel.stream_stream(
            _STREAMING,
            request_serializer=_StreamingRequest.SerializeToString,
            response_deserializer=_StreamingResponse.FromString,
        )()

    async def _synthesize_whole(self, text: str) -> bytes:
        request = cloud_tts.SynthesizeSpeechRequest(
            input=cloud_tts.SynthesisInput(text=text), voice=self._voice, audio_config=self._audio_config
        )

        async def call() -> bytes:
            channel = await self._channels.next_ready()
            method = channel.unary_unary(
                _WHOLE, request_serializer=_Request.SerializeToString, response_deserializer=_Response.FromString
            )
            response = await method(cloud_tts.SynthesizeSpeechRequest.pb(request))
            return bytes(response.audio_content)

        return await self._grpc.run(call)


class _StreamedAudio:
    """The chunks of one sentence, cut to whole samples."""

    def __init__(self, rpc: GrpcStream[Any, Any], *, begun: float, deadline: float, gap_seconds: float) -> None:
        self._rpc = rpc
        self._begun: float | None = begun
        self._deadline = deadline
        self._gap_seconds = gap_seconds
        self._odd = b""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            audio = self._odd + await self._receive()
            whole = len(audio) & ~1
            self._odd = audio[whole:]
            if whole:
                return audio[:whole]

    async def _receive(self) -> bytes:
        """Only the waiting is timed, not what the caller does between two chunks."""
        timeout = self._gap_seconds if self._begun is None else self._deadline - trio.current_time()
        try:
            with _mapped_errors(), trio.fail_after(max(0.0, timeout)):
                response = await self._rpc.receive()
        except trio.EndOfChannel:
            if self._begun is not None:
                VENDOR_ERRORS.labels(VENDOR).inc()
                raise SynthesizerError(VENDOR, "the stream ended without audio", retryable=True) from None
            raise StopAsyncIteration from None
        if self._begun is not None:
            VENDOR_SECONDS.labels(VENDOR).observe(trio.current_time() - self._begun)
            self._begun = None
        return bytes(response.audio_content)


def pcm_of_wav(wav: bytes) -> bytes:
    """The samples of a RIFF/WAVE file (LINEAR16 answers are one; the header may hold other chunks before `data`).
    Raises `SynthesizerError` if it is none."""
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        raise SynthesizerError(VENDOR, "the answer is not a WAV file")
    position = 12
    while position + 8 <= len(wav):
        size = int.from_bytes(wav[position + 4 : position + 8], "little")
        start = position + 8
        if wav[position : position + 4] == b"data":
            pcm = wav[start : start + size]
            return pcm[: len(pcm) & ~1]
        position = start + size + size % 2  # chunks are padded to even lengths
    raise SynthesizerError(VENDOR, "the WAV file has no audio")


def _streaming_request(**fields: Any) -> Any:
    return cloud_tts.StreamingSynthesizeRequest.pb(cloud_tts.StreamingSynthesizeRequest(**fields))


@contextmanager
def _mapped_errors() -> Generator[None]:
    try:
        yield
    except RpcError as error:
        VENDOR_ERRORS.labels(VENDOR).inc()
        raise SynthesizerError(VENDOR, str(error), retryable=error.retryable) from error
    except trio.TooSlowError as error:
        VENDOR_ERRORS.labels(VENDOR).inc()
        raise SynthesizerError(VENDOR, "no audio in time", retryable=True) from error
