"""The rule of the hand-over: nothing lost, nothing twice. Audio here is one distinct byte per 20 ms frame."""

from hypothesis import given
from hypothesis import strategies as st

from engine.audio import FRAME_BYTES, FRAME_MS
from engine.speech.base import RecognizerEvent, SpeechActivity, Transcript
from engine.speech.handover import Handover


def frame(number: int) -> bytes:
    return bytes([number % 251]) * FRAME_BYTES


def push(handover: Handover, seconds: float, *, first: int = 0) -> int:
    count = round(seconds * 1000) // FRAME_MS
    for number in range(first, first + count):
        handover.push(frame(number))
    return first + count


def fresh(**changes: float) -> Handover:
    handover = Handover(**{"stream_seconds": 280.0, "ring_seconds": 30.0} | changes)
    assert handover.take_over(0.0, healthy=False).replay == b""
    return handover


def words(text: str, end_ms: float, *, final: bool = False) -> Transcript:
    return Transcript(text, final, end_ms)


def frames_of(pcm: bytes) -> list[int]:
    return [pcm[start] for start in range(0, len(pcm), FRAME_BYTES)]


def test_everything_since_the_last_final_is_replayed() -> None:
    handover = fresh()
    push(handover, 2.0)
    handover.heard(words("добрий день", 1000, final=True))
    assert handover.take_over(2.0, healthy=False).replay == b"".join(frame(number) for number in range(50, 100))


def test_times_are_the_calls_own() -> None:
    handover = fresh()
    push(handover, 2.0)
    handover.heard(words("добрий день", 1000, final=True))
    handover.take_over(2.0, healthy=False)
    assert handover.heard(words("шини", 300)) == words("шини", 1300)
    assert handover.heard(SpeechActivity(True, 40)) == SpeechActivity(True, 1040)
    assert handover.heard(words("шини", 0)) == words("шини", 0)


def test_in_silence_four_seconds_are_enough() -> None:
    handover = fresh()
    push(handover, 8.0)
    assert len(handover.take_over(8.0, healthy=True).replay) == 200 * FRAME_BYTES


def test_a_broken_stream_is_not_trusted_to_have_been_silent() -> None:
    handover = fresh()
    push(handover, 8.0)
    assert len(handover.take_over(8.0, healthy=False).replay) == 400 * FRAME_BYTES


def test_the_first_silence_near_the_limit_is_taken_and_speech_is_waited_out() -> None:
    handover = fresh(stream_seconds=100.0)
    push(handover, 1.0)
    assert not handover.due(89.0)
    assert handover.due(90.0)
    handover.heard(words("я хочу", 900))
    assert not handover.due(99.0)
    assert handover.due(100.0)
    handover.heard(words("я хочу", 900, final=True))
    handover.heard(SpeechActivity(True, 950))
    assert not handover.due(99.0)
    handover.heard(SpeechActivity(False, 990))
    assert handover.due(99.0)


def test_a_postponed_handover_comes_back() -> None:
    handover = fresh(stream_seconds=100.0)
    handover.heard(words("я", 10))
    handover.postpone(100.0, 2.0)
    assert not handover.due(101.0)
    assert handover.due(102.0)


def test_an_interim_that_nothing_follows_was_noise() -> None:
    handover = fresh()
    push(handover, 1.0)
    handover.heard(words("гм", 900))
    assert not handover.quiet
    push(handover, 5.1)
    assert handover.quiet


def test_memory_is_bounded_in_silence_and_in_speech() -> None:
    handover = fresh()
    push(handover, 60.0)
    assert len(handover.take_over(60.0, healthy=False).replay) == 500 * FRAME_BYTES
    handover.heard(SpeechActivity(True, 0))
    push(handover, 60.0)
    assert len(handover.take_over(120.0, healthy=False).replay) == 1500 * FRAME_BYTES


def test_words_the_ring_no_longer_holds_are_reported_as_final() -> None:
    handover = fresh()
    last = push(handover, 1.0)
    for second in range(1, 41):
        handover.heard(words(f"слово {second}", second * 1000))
        last = push(handover, 1.0, first=last)
    takeover = handover.take_over(41.0, healthy=True)
    assert takeover.promoted == words("слово 40", 40_000, final=True)
    assert frames_of(takeover.replay) == [number % 251 for number in range(2000, 2050)]
    assert handover.take_over(42.0, healthy=False).promoted is None


def test_long_silence_before_an_utterance_does_not_make_its_interim_final() -> None:
    handover = fresh()
    push(handover, 60.0)
    handover.heard(SpeechActivity(True, 59_500))
    handover.heard(words("мені", 60_000))
    takeover = handover.take_over(60.0, healthy=True)
    assert takeover.promoted is None
    assert len(takeover.replay) == 500 * FRAME_BYTES


def test_speech_activity_is_not_reported_twice() -> None:
    handover = fresh()
    push(handover, 1.0)
    assert handover.heard(SpeechActivity(True, 500)) is not None
    handover.take_over(1.0, healthy=False)
    assert handover.heard(SpeechActivity(True, 500)) is None
    assert handover.heard(SpeechActivity(False, 900)) is not None
    assert handover.heard(SpeechActivity(False, 900)) is None


def test_a_second_failure_at_once_is_the_last() -> None:
    handover = fresh()
    assert handover.failed(10.0)
    assert not handover.failed(12.0)


def test_a_final_or_time_forgives_a_failure() -> None:
    handover = fresh()
    push(handover, 1.0)
    assert handover.failed(10.0)
    handover.heard(words("так", 500, final=True))
    assert handover.failed(11.0)
    assert handover.failed(17.0)


class Ear:
    """A perfect vendor stream: knows each frame it was sent, and finalises all of it on demand."""

    def __init__(self) -> None:
        self.audio = b""
        self.reported = 0

    def send(self, pcm: bytes) -> None:
        self.audio += pcm

    def finalise(self) -> RecognizerEvent | None:
        heard = frames_of(self.audio[self.reported :])
        self.reported = len(self.audio)
        return words(" ".join(map(str, heard)), len(self.audio) / 16, final=True) if heard else None


STEPS = st.lists(st.sampled_from(["speak", "final", "interim", "break", "swap"]), max_size=40)


@given(STEPS)
def test_whatever_happens_every_frame_is_in_exactly_one_final(steps: list[str]) -> None:
    handover, ear, said, finals = fresh(), Ear(), 0, []

    def report() -> None:
        event = ear.finalise()
        if event is not None and (news := handover.heard(event)) is not None:
            assert isinstance(news, Transcript)
            finals.extend(news.text.split())

    for step in [*steps, "speak", "final"]:
        if step == "speak":
            for number in range(said, said + 7):
                handover.push(frame(number))
                ear.send(frame(number))
            said += 7
        elif step == "final":
            report()
        elif step == "interim":
            handover.heard(words("хтось говорить", len(ear.audio) / 16))
        else:
            ear = Ear()
            handover.heard(SpeechActivity(True, 0.0))
            ear.send(handover.take_over(0.0, healthy=step == "swap").replay)
    assert finals == [str(number % 251) for number in range(said)]
