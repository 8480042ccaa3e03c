"""The recogniser adapter against a real gRPC server with scripted answers."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import trio

from engine.audio import SILENCE_FRAME
from engine.config import GoogleConfig
from engine.errors import RecognizerError
from engine.metrics import REGISTRY
from engine.speech.base import RecognizerEvent, RecognizerStream, SpeechActivity, Transcript
from engine.speech.google_stt import GoogleRecognizer, events_of, streaming_config
from engine.speech.grpc_thread import GrpcThread
from tests.speech.google_server import Behaviour, SttResponse, recognize, serving

CHUNK = 5 * SILENCE_FRAME


def config(endpoint: str, **changes: Any) -> GoogleConfig:
    return GoogleConfig(
        project="shop", location="europe-west4", speech_endpoint=endpoint, plaintext=True, channels=2, **changes
    )


def final(text: str, end_ms: int) -> Any:
    return SttResponse(
        results=[
            {
                "alternatives": [{"transcript": text, "confidence": 0.75}],
                "is_final": True,
                "result_end_offset": {"seconds": end_ms // 1000, "nanos": end_ms % 1000 * 1_000_000},
                "language_code": "uk-ua",
            }
        ]
    )


async def all_events(stream: RecognizerStream) -> list[RecognizerEvent]:
    return [event async for event in stream.events()]


def test_several_interim_results_are_one_guess() -> None:
    response = SttResponse(
        results=[
            {"alternatives": [{"transcript": "літні шини"}], "stability": 0.9, "result_end_offset": {"seconds": 1}},
            {"alternatives": [{"transcript": " двісті "}], "stability": 0.25, "result_end_offset": {"seconds": 2}},
        ]
    )
    [event] = events_of(response)
    assert event == Transcript("літні шини двісті", False, 2000.0, None, None, 0.25)


def test_finals_come_before_the_interim_that_follows_them_and_empty_ones_not_at_all() -> None:
    response = SttResponse(
        results=[
            {"alternatives": [{"transcript": "так"}], "is_final": True, "result_end_offset": {"nanos": 500_000_000}},
            {"alternatives": [{"transcript": " "}], "is_final": True},
            {"alternatives": [], "stability": 0.1},
            {"alternatives": [{"transcript": "а ще"}], "stability": 0.5},
        ]
    )
    first, second = events_of(response)
    assert first == Transcript("так", True, 500.0)
    assert second == Transcript("а ще", False, 0.0, stability=0.5)


@pytest.mark.parametrize(("kind", "started"), [("SPEECH_ACTIVITY_BEGIN", True), ("SPEECH_ACTIVITY_END", False)])
def test_voice_activity(kind: str, started: bool) -> None:
    response = SttResponse(
        speech_event_type=getattr(SttResponse, kind), speech_event_offset={"seconds": 3, "nanos": 20_000_000}
    )
    assert list(events_of(response)) == [SpeechActivity(started, 3020.0)]


def test_phrases_are_sent_once_each_as_an_inline_set() -> None:
    sent = streaming_config(config("x"), ["Мішлен", "Нокіан", "Мішлен"]).config.adaptation
    assert [phrase.value for phrase in sent.phrase_sets[0].inline_phrase_set.phrases] == ["Мішлен", "Нокіан"]
    assert not streaming_config(config("x"), []).config.HasField("adaptation")


async def test_configuration_first_then_audio_in_messages_google_accepts() -> None:
    seen: list[Any] = []
    metadata: dict[str, str] = {}

    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        metadata.update(context.invocation_metadata())
        seen.extend([request async for request in requests])
        yield final("так", 40)

    async with GrpcThread() as thread, serving(thread, recognize(behaviour)) as endpoint:
        recognizer = GoogleRecognizer(config(endpoint), thread)
        await recognizer.warm_up()
        async with recognizer.stream() as stream:
            stream.send_nowait(SILENCE_FRAME)
            stream.send_nowait(bytes(range(256)) * 160)
            stream.finish_nowait()
            events = await all_events(stream)

    assert events == [Transcript("так", True, 40.0, "uk-ua", 0.75)]
    first, *audio = seen
    assert first.recognizer == "projects/shop/locations/europe-west4/recognizers/_"
    assert metadata["x-goog-request-params"] == (
        "recognizer=projects%2Fshop%2Flocations%2Feurope-west4%2Frecognizers%2F_"
    )
    settings = first.streaming_config
    assert settings.config.explicit_decoding_config.sample_rate_hertz == 8000
    assert list(settings.config.language_codes) == ["uk-UA", "ru-RU"]
    assert settings.config.features.enable_automatic_punctuation
    assert settings.streaming_features.interim_results
    assert settings.streaming_features.enable_voice_activity_events
    assert audio[0].audio == SILENCE_FRAME
    assert b"".join(message.audio for message in audio[1:]) == bytes(range(256)) * 160
    assert max(len(message.audio) for message in audio) <= 15_000
    assert all(len(message.audio) % 2 == 0 for message in audio)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [("UNAVAILABLE", True), ("OUT_OF_RANGE", True), ("PERMISSION_DENIED", False), ("INVALID_ARGUMENT", False)],
)
async def test_errors_say_whether_asking_again_may_help(status: str, retryable: bool) -> None:
    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await context.abort(grpc.StatusCode[status], "because")
        yield

    before = errors()
    async with (
        GrpcThread() as thread,
        serving(thread, recognize(behaviour)) as endpoint,
        GoogleRecognizer(config(endpoint), thread).stream() as stream,
    ):
        with pytest.raises(RecognizerError, match=f"{status}: because") as caught:
            await all_events(stream)
    assert caught.value.retryable is retryable
    assert errors() == before + 1


def errors() -> float:
    return REGISTRY.get_sample_value("callctl_vendor_errors_total", {"vendor": "google_stt"}) or 0.0


async def test_nobody_listening_is_an_error_on_opening_within_the_timeout() -> None:
    async with GrpcThread() as thread:
        recognizer = GoogleRecognizer(config("127.0.0.1:1", timeout=0.2), thread)
        with trio.fail_after(5):
            with pytest.raises(RecognizerError, match=r"no connection to 127\.0\.0\.1:1 within 0\.2 s") as caught:
                async with recognizer.stream():
                    pass
            with pytest.raises(RecognizerError):
                await recognizer.warm_up()
    assert caught.value.retryable


async def test_missing_credentials_are_named_and_not_retryable(tmp_path: Any) -> None:
    missing = GoogleConfig(application_credentials=tmp_path / "none.json", speech_endpoint="127.0.0.1:1")
    async with GrpcThread() as thread:
        with pytest.raises(RecognizerError, match=r"UNAUTHENTICATED.*none\.json") as caught:
            await GoogleRecognizer(missing, thread).warm_up()
    assert not caught.value.retryable


def refusing(heard: list[bytes], refusals: list[str]) -> Behaviour:
    """Refuses phrases after some audio, as Google does; otherwise transcribes the number of bytes it heard."""

    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        first = await anext(aiter(requests))
        if first.streaming_config.config.HasField("adaptation"):
            await anext(aiter(requests))
            refusals.append("refused")
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Model adaptation is not supported by this model.")
        heard.extend([request.audio async for request in requests])
        yield final("чую", 100)

    return behaviour


async def test_refused_phrases_cost_no_audio_and_are_not_tried_again() -> None:
    heard: list[bytes] = []
    refusals: list[str] = []
    spoken = [bytes([number]) * 320 for number in range(20)]
    async with GrpcThread() as thread, serving(thread, recognize(refusing(heard, refusals))) as endpoint:
        recognizer = GoogleRecognizer(config(endpoint), thread)
        for _ in range(2):
            heard.clear()
            async with recognizer.stream(phrases=["Мішлен"]) as stream, trio.open_nursery() as nursery:

                @nursery.start_soon
                async def speak(stream: RecognizerStream = stream) -> None:
                    for chunk in spoken:
                        stream.send_nowait(chunk)
                        await trio.sleep(0.002)
                    stream.finish_nowait()

                with trio.fail_after(5):
                    assert [type(event) for event in await all_events(stream)] == [Transcript]
            assert heard == spoken
    assert refusals == ["refused"]
    assert recognizer.phrases_refused


async def test_another_invalid_argument_is_not_blamed_on_the_phrases() -> None:
    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The language is not supported.")
        yield

    async with GrpcThread() as thread, serving(thread, recognize(behaviour)) as endpoint:
        recognizer = GoogleRecognizer(config(endpoint), thread)
        async with recognizer.stream(phrases=["Мішлен"]) as stream:
            with pytest.raises(RecognizerError, match="language"):
                await all_events(stream)
    assert not recognizer.phrases_refused


async def test_streams_are_spread_over_the_channels() -> None:
    peers: set[str] = set()

    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        peers.add(context.peer())
        yield final("так", 20)

    async with GrpcThread() as thread, serving(thread, recognize(behaviour)) as endpoint:
        recognizer = GoogleRecognizer(config(endpoint), thread)
        for _ in range(4):
            async with recognizer.stream() as stream:
                await all_events(stream)
    assert len(peers) == 2


async def test_latency_is_counted_from_the_sending_of_what_was_recognised() -> None:
    async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for request in requests:
            if request.audio == CHUNK:
                yield final("так", 100)

    labels = {"vendor": "google_stt"}
    before = REGISTRY.get_sample_value("callctl_vendor_latency_seconds_count", labels) or 0.0
    async with (
        GrpcThread() as thread,
        serving(thread, recognize(behaviour)) as endpoint,
        GoogleRecognizer(config(endpoint), thread).stream() as stream,
    ):
        stream.send_nowait(CHUNK)
        await anext(stream.events())
    assert REGISTRY.get_sample_value("callctl_vendor_latency_seconds_count", labels) == before + 1
