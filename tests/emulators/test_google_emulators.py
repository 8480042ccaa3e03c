"""Google's own clients talk to the emulators and find Google's rules."""

import asyncio
import io
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import speech_v2, texttospeech_v1
from google.cloud.speech_v2.services.speech.transports.grpc_asyncio import SpeechGrpcAsyncIOTransport
from google.cloud.speech_v2.types import cloud_speech
from google.cloud.texttospeech_v1.services.text_to_speech.transports.grpc_asyncio import (
    TextToSpeechGrpcAsyncIOTransport,
)
from google.cloud.texttospeech_v1.types import cloud_tts

from engine.media.resample import resample
from engine.wire.g711 import alaw_to_pcm, mulaw_to_pcm, pcm_to_alaw, pcm_to_mulaw
from ops.emulators.faults import Faults
from ops.emulators.google_speech import GoogleSpeechEmulator, SpeechSettings
from ops.emulators.google_tts import GoogleTtsEmulator, TtsSettings
from ops.emulators.recognition import Activity, Heard, Recognition, RecognitionEvent, language_of
from ops.emulators.subtitle_decoder import SubtitleDecoder
from ops.emulators.subtitle_events import UtteranceHeard
from ops.emulators.subtitled_voice import silence, speak

RECOGNIZER = "projects/shop/locations/europe-west4/recognizers/_"
SENTENCE = "Мені потрібні зимові шини, будь ласка."
LINEAR16 = cloud_speech.ExplicitDecodingConfig.AudioEncoding.LINEAR16
MULAW = cloud_speech.ExplicitDecodingConfig.AudioEncoding.MULAW
ALAW = cloud_speech.ExplicitDecodingConfig.AudioEncoding.ALAW

type Responses = list[cloud_speech.StreamingRecognizeResponse]


def opening(
    *, rate: int = 8000, encoding: int = LINEAR16, recognizer: str = RECOGNIZER, activity: bool = False
) -> cloud_speech.StreamingRecognizeRequest:
    return cloud_speech.StreamingRecognizeRequest(
        recognizer=recognizer,
        streaming_config=cloud_speech.StreamingRecognitionConfig(
            config=cloud_speech.RecognitionConfig(
                explicit_decoding_config=cloud_speech.ExplicitDecodingConfig(
                    encoding=encoding, sample_rate_hertz=rate, audio_channel_count=1
                ),
                model="chirp_2",
                language_codes=["uk-UA", "ru-RU"],
            ),
            streaming_features=cloud_speech.StreamingRecognitionFeatures(
                interim_results=True, enable_voice_activity_events=activity
            ),
        ),
    )


def audio(data: bytes, chunk: int = 1600) -> list[cloud_speech.StreamingRecognizeRequest]:
    return [
        cloud_speech.StreamingRecognizeRequest(audio=data[start : start + chunk])
        for start in range(0, len(data), chunk)
    ]


def on_asyncio(test: Callable[[], Awaitable[None]]) -> None:
    """These emulators and clients live on asyncio, unlike the engine."""

    async def bounded() -> None:
        async with asyncio.timeout(10):
            await test()

    asyncio.run(bounded())


async def recognize(
    requests: Iterable[cloud_speech.StreamingRecognizeRequest],
    *,
    settings: SpeechSettings | None = None,
    faults: Faults | None = None,
    hold_open: bool = False,
) -> tuple[Responses, dict[str, object]]:
    emulator = GoogleSpeechEmulator(faults=faults or Faults(), settings=settings)
    port = await emulator.start("127.0.0.1", 0)

    async def stream() -> AsyncIterator[cloud_speech.StreamingRecognizeRequest]:
        for request in requests:
            yield request
        if hold_open:
            await asyncio.sleep(9)

    responses: Responses = []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = speech_v2.SpeechAsyncClient(transport=SpeechGrpcAsyncIOTransport(channel=channel))
        try:
            async for response in await client.streaming_recognize(requests=stream()):
                responses.append(response)
        finally:
            await emulator.stop()
    return responses, emulator.counters()


def finals(responses: Responses) -> list[str]:
    return [r.results[0].alternatives[0].transcript for r in responses if r.results and r.results[0].is_final]


def test_recognizes_with_interims_activity_and_offsets() -> None:
    speech = speak(SENTENCE)

    async def run() -> None:
        responses, counters = await recognize([opening(activity=True), *audio(silence(0.5) + speech + silence(1.0))])
        assert finals(responses) == [SENTENCE]
        results = [response.results[0] for response in responses if response.results]
        assert len(results) >= 4
        assert all(SENTENCE.startswith(result.alternatives[0].transcript) for result in results)
        assert all(0 < result.stability <= 0.9 for result in results[:-1])
        assert results[-1].language_code == "uk-UA"
        assert results[-1].alternatives[0].confidence > 0.5
        end_ms = results[-1].result_end_offset.total_seconds() * 1000
        assert end_ms == pytest.approx(500 + len(speech) / 16, abs=60)
        kinds = [response.speech_event_type.name for response in responses if response.speech_event_type]
        assert kinds == ["SPEECH_ACTIVITY_BEGIN", "SPEECH_ACTIVITY_END"]
        assert counters["checksum_errors"] == 0

    on_asyncio(run)


@pytest.mark.parametrize(
    ("encoding", "rate", "encode"),
    [
        (MULAW, 8000, pcm_to_mulaw),
        (ALAW, 8000, pcm_to_alaw),
        (LINEAR16, 16000, lambda pcm: resample(pcm, 8000, 16000)),
    ],
)
def test_other_encodings_and_rates(encoding: int, rate: int, encode: Callable[[bytes], bytes]) -> None:
    async def run() -> None:
        stream = encode(speak(SENTENCE) + silence(0.5))
        responses, counters = await recognize([opening(encoding=encoding, rate=rate), *audio(stream)])
        assert finals(responses) == [SENTENCE]
        assert counters["checksum_errors"] == 0

    on_asyncio(run)


def test_the_final_comes_while_the_stream_stays_open() -> None:
    async def run() -> None:
        requests = [opening(), *audio(speak(SENTENCE) + silence(0.4))]
        settings = SpeechSettings(audio_timeout_s=0.3)
        with pytest.raises(exceptions.Aborted, match="no more client requests"):
            await recognize(requests, settings=settings, hold_open=True)

    on_asyncio(run)


def test_lost_audio_is_counted() -> None:
    async def run() -> None:
        speech = speak(SENTENCE)
        responses, counters = await recognize([opening(), *audio(speech[:16000] + speech[16640:] + silence(0.5))])
        assert finals(responses) != [SENTENCE]
        assert counters["checksum_errors"] == 1

    on_asyncio(run)


BAD_STREAMS = {
    "audio first": audio(silence(0.1)),
    "two configs": [opening(), opening()],
    "rate": [opening(rate=4000)],
    "recognizer": [opening(recognizer="recognizers/_")],
    "location": [opening(recognizer="projects/shop/locations/global/recognizers/_")],
    "too much audio": [opening(), *audio(bytes(16000), chunk=16000)],
    "no config": [cloud_speech.StreamingRecognizeRequest(recognizer=RECOGNIZER)],
    "nothing": [],
}


@pytest.mark.parametrize("name", BAD_STREAMS)
def test_what_google_refuses_is_refused(name: str) -> None:
    async def run() -> None:
        with pytest.raises(exceptions.InvalidArgument):
            await recognize(BAD_STREAMS[name], settings=SpeechSettings(location="europe-west4"))

    on_asyncio(run)


def test_the_stream_limit() -> None:
    async def run() -> None:
        with pytest.raises(exceptions.OutOfRange, match=r"maximum allowed stream duration of 0\.2 seconds"):
            await recognize([opening()], settings=SpeechSettings(stream_limit_s=0.2), hold_open=True)

    on_asyncio(run)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(fail_next=1, fail_code="RESOURCE_EXHAUSTED"), exceptions.ResourceExhausted),
        (Faults(fail_next=1, fail_code="503"), exceptions.ServiceUnavailable),
        (Faults(cut_next=1), exceptions.ServiceUnavailable),
        (Faults(cut_next=1, cut_after=1), exceptions.ServiceUnavailable),
    ],
)
def test_faults_reach_the_client(faults: Faults, error: type[Exception]) -> None:
    async def run() -> None:
        with pytest.raises(error):
            await recognize([opening(), *audio(speak(SENTENCE), 15000)], faults=faults, hold_open=True)
        assert faults == Faults(fail_code=faults.fail_code, cut_after=faults.cut_after)

    on_asyncio(run)


def test_a_stalled_stream_says_nothing_more() -> None:
    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await recognize([opening(), *audio(speak(SENTENCE))], faults=Faults(stall_after=1))

    on_asyncio(run)


def recognized(stream: bytes, **settings: int) -> list[tuple[int, RecognitionEvent]]:
    """Events with the audio time (ms) at which each came."""
    recognition = Recognition(**settings)
    return [
        (recognition.audio_ms, event)
        for start in range(0, len(stream), 320)
        for event in recognition.push(stream[start : start + 320])
    ]


def test_the_final_follows_the_last_voice_by_the_delay() -> None:
    speech = speak(SENTENCE)
    for delay in (200, 300, 600):
        events = recognized(speech + silence(1), final_delay_ms=delay)
        [(at_ms, final)] = [(at, event) for at, event in events if isinstance(event, Heard) and event.is_final]
        assert at_ms == final.end_ms + delay
        assert abs(at_ms - len(speech) / 16 - delay) <= 40


def test_words_show_before_their_packet_is_complete() -> None:
    events = recognized(speak(SENTENCE))
    first_at, first = next((at, event) for at, event in events if isinstance(event, Heard))
    assert first.stability < 0.9
    assert first.text == "Мені"
    assert first_at <= 600


def test_voices_without_subtitle_are_heard_but_not_understood() -> None:
    human = mulaw_to_pcm(bytes(range(256)) * 60)
    assert [type(event) for _, event in recognized(human + silence(1))] == [Activity, Activity]


def test_a_pause_within_speech_splits_it_into_two_finals_and_loses_nothing() -> None:
    speech = speak(SENTENCE)
    events = recognized(speech[: 320 * 50] + silence(0.5) + speech[320 * 50 :] + silence(0.5))
    said = [event.text for _, event in events if isinstance(event, Heard) and event.is_final]
    assert len(said) == 2
    assert "".join(said).replace(" ", "") == SENTENCE.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "language"),
    [("Що є?", "uk-UA"), ("сколько это", "ru-RU"), ("тепер", "uk-UA"), ("hello", "uk-UA"), ("15", "uk-UA")],
)
def test_language_by_letters(text: str, language: str) -> None:
    assert language_of(text, ["uk-UA", "ru-RU"]) == language


# --- text to speech ---


async def with_tts(
    use: Callable[[texttospeech_v1.TextToSpeechAsyncClient], Awaitable[None]],
    *,
    settings: TtsSettings | None = None,
    faults: Faults | None = None,
) -> dict[str, object]:
    emulator = GoogleTtsEmulator(faults=faults or Faults(), settings=settings)
    port = await emulator.start("127.0.0.1", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = texttospeech_v1.TextToSpeechAsyncClient(transport=TextToSpeechGrpcAsyncIOTransport(channel=channel))
        try:
            await use(client)
        finally:
            await emulator.stop()
    return emulator.counters()


def words_in(pcm: bytes) -> list[str]:
    events = SubtitleDecoder().push(silence(0.1) + pcm + silence(0.5))
    return [event.text for event in events if isinstance(event, UtteranceHeard) and event.complete]


def unary(encoding: int, rate: int, text: str = SENTENCE) -> cloud_tts.SynthesizeSpeechRequest:
    return cloud_tts.SynthesizeSpeechRequest(
        input=cloud_tts.SynthesisInput(text=text),
        voice=cloud_tts.VoiceSelectionParams(language_code="uk-UA", name="uk-UA-Chirp3-HD-Kore"),
        audio_config=cloud_tts.AudioConfig(audio_encoding=encoding, sample_rate_hertz=rate),
    )


QUICK = TtsSettings(first_audio_ms=1, speed=1000)


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
def test_linear16_comes_as_wav(rate: int) -> None:
    async def use(client: texttospeech_v1.TextToSpeechAsyncClient) -> None:
        response = await client.synthesize_speech(unary(cloud_tts.AudioEncoding.LINEAR16, rate))
        with wave.open(io.BytesIO(response.audio_content)) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (rate, 2, 1)
            pcm = file.readframes(file.getnframes())
        assert words_in(resample(pcm, rate, 8000)) == [SENTENCE]

    async def run() -> None:
        await with_tts(use, settings=QUICK)

    on_asyncio(run)


@pytest.mark.parametrize(
    ("encoding", "header", "decode"),
    [
        (cloud_tts.AudioEncoding.PCM, 0, bytes),
        (cloud_tts.AudioEncoding.MULAW, 44, mulaw_to_pcm),
        (cloud_tts.AudioEncoding.ALAW, 44, alaw_to_pcm),
    ],
)
def test_other_encodings_at_8_khz(encoding: int, header: int, decode: Callable[[bytes], bytes]) -> None:
    async def use(client: texttospeech_v1.TextToSpeechAsyncClient) -> None:
        response = await client.synthesize_speech(unary(encoding, 8000))
        assert response.audio_content[:4] == b"RIFF" or not header
        assert words_in(decode(response.audio_content[header:])) == [SENTENCE]

    async def run() -> None:
        await with_tts(use, settings=QUICK)

    on_asyncio(run)


def streamed(*texts: str, voice: str = "uk-UA-Chirp3-HD-Kore") -> AsyncIterator[cloud_tts.StreamingSynthesizeRequest]:
    async def requests() -> AsyncIterator[cloud_tts.StreamingSynthesizeRequest]:
        yield cloud_tts.StreamingSynthesizeRequest(
            streaming_config=cloud_tts.StreamingSynthesizeConfig(
                voice=cloud_tts.VoiceSelectionParams(language_code="uk-UA", name=voice),
                streaming_audio_config=cloud_tts.StreamingAudioConfig(
                    audio_encoding=cloud_tts.AudioEncoding.PCM, sample_rate_hertz=8000
                ),
            )
        )
        for text in texts:
            yield cloud_tts.StreamingSynthesizeRequest(input=cloud_tts.StreamingSynthesisInput(text=text))

    return requests()


def test_streaming_is_paced_and_complete() -> None:
    async def use(client: texttospeech_v1.TextToSpeechAsyncClient) -> None:
        started = time.monotonic()
        responses = await client.streaming_synthesize(streamed(SENTENCE, "Далі."))
        chunks = [(time.monotonic() - started, response.audio_content) async for response in responses]
        assert words_in(b"".join(chunk for _, chunk in chunks)) == [SENTENCE, "Далі."]
        assert chunks[0][0] >= 0.1
        assert chunks[-1][0] >= 0.2 + (len(speak(SENTENCE)) - 3200) / 16000 / 20
        assert {len(chunk) for _, chunk in chunks[:5]} == {1600}

    async def run() -> None:
        await with_tts(use, settings=TtsSettings(first_audio_ms=100, speed=20))

    on_asyncio(run)


def test_what_tts_refuses() -> None:
    async def use(client: texttospeech_v1.TextToSpeechAsyncClient) -> None:
        with pytest.raises(exceptions.InvalidArgument, match="Chirp"):
            await anext(aiter(await client.streaming_synthesize(streamed("Так", voice="uk-UA-Wavenet-A"))))
        with pytest.raises(exceptions.InvalidArgument):
            await client.synthesize_speech(unary(cloud_tts.AudioEncoding.MP3, 8000))
        with pytest.raises(exceptions.InvalidArgument):
            await client.synthesize_speech(unary(cloud_tts.AudioEncoding.PCM, 8000, text=" "))
        with pytest.raises(exceptions.InvalidArgument, match="5000"):
            await client.synthesize_speech(unary(cloud_tts.AudioEncoding.PCM, 8000, text="а" * 3000))

    async def run() -> None:
        counters = await with_tts(use, settings=QUICK)
        assert counters["refused"] == 4

    on_asyncio(run)


def test_tts_faults() -> None:
    async def use(client: texttospeech_v1.TextToSpeechAsyncClient) -> None:
        with pytest.raises(exceptions.InternalServerError):
            await client.synthesize_speech(unary(cloud_tts.AudioEncoding.PCM, 8000), retry=None)
        with pytest.raises(exceptions.ServiceUnavailable):
            async for _ in await client.streaming_synthesize(streamed(SENTENCE), retry=None):
                pass

    async def run() -> None:
        await with_tts(use, settings=QUICK, faults=Faults(fail_next=1, fail_code="500", cut_next=1, cut_after=2))

    on_asyncio(run)
