"""The call's small pure parts: waterfall, chunker, digits, watchdog."""

from hypothesis import given
from hypothesis import strategies as st

from engine.audio import FRAME_BYTES, FRAME_SECONDS, RATE, SILENCE_FRAME
from engine.call.chunker import STEADY_FRAMES, URGENT_FRAMES, Chunker
from engine.call.digits import PAUSE_SECONDS, DigitCollector
from engine.call.ingress import Ingress
from engine.call.watchdog import NO_MEDIA_SECONDS, Alarm, Watchdog
from engine.call.waterfall import STAGES, Waterfall
from engine.media.jitter import JitterBuffer
from engine.wire.events import Audio


def test_a_waterfall_counts_from_the_last_voiced_frame_and_keeps_first_marks() -> None:
    waterfall = Waterfall(10.0)
    waterfall.mark("first_audio", 10.9)
    waterfall.mark("final", 10.3)
    waterfall.mark("final", 10.8)
    assert waterfall.stages_ms() == {"final": 300.0, "first_audio": 900.0}
    assert list(waterfall.stages_ms()) == [stage for stage in STAGES if waterfall.has(stage)]


@given(st.lists(st.booleans(), max_size=200))
def test_the_chunker_loses_nothing_and_keeps_order(voiced: list[bool]) -> None:
    chunker = Chunker()
    frames = [index.to_bytes(2, "little") * (FRAME_BYTES // 2) for index in range(len(voiced))]
    sent = b"".join(chunker.push(frame, is_voiced) for frame, is_voiced in zip(frames, voiced, strict=True))
    assert b"".join(frames).startswith(sent)
    assert len(frames) * FRAME_BYTES - len(sent) < STEADY_FRAMES * FRAME_BYTES


def test_what_follows_the_voice_leaves_frame_by_frame() -> None:
    chunker = Chunker()
    frame = bytes(FRAME_BYTES)
    assert [len(chunker.push(frame, True)) // FRAME_BYTES for _ in range(7)] == [0, 0, 0, 0, 5, 0, 0]
    after = [len(chunker.push(frame, False)) // FRAME_BYTES for _ in range(URGENT_FRAMES + 5)]
    assert after[0] == 3
    assert after[1:URGENT_FRAMES] == [1] * (URGENT_FRAMES - 1)
    assert after[URGENT_FRAMES:] == [0, 0, 0, 0, 5]


def test_digits_end_with_hash_or_a_pause() -> None:
    digits = DigitCollector()
    assert [digits.press(key, 0.0) for key in "12#"] == [None, None, "12"]
    assert digits.press("7", 1.0) is None
    assert digits.poll(1.0 + PAUSE_SECONDS - 0.01) is None
    assert digits.poll(1.0 + PAUSE_SECONDS) == "7"
    assert digits.poll(100.0) is None


def test_zero_alone_is_the_operator_but_not_within_a_number() -> None:
    digits = DigitCollector()
    assert digits.press("0", 0.0) == "0"
    assert [digits.press(key, 0.0) for key in "10#"] == [None, None, "10"]


def test_an_empty_answer_is_none() -> None:
    assert DigitCollector().press("#", 0.0) is None


def test_the_watchdog_raises_each_alarm_once() -> None:
    watchdog = Watchdog(started_at=0.0, max_duration=100.0)
    assert watchdog.poll(NO_MEDIA_SECONDS - 1, None) is None
    assert watchdog.poll(NO_MEDIA_SECONDS, None) is Alarm.NO_MEDIA
    assert watchdog.poll(99.0, 98.0) is None
    assert watchdog.poll(100.0, 99.0) is Alarm.TOO_LONG
    assert watchdog.poll(101.0, 99.0) is None


class _Deaf:
    def process(self, frame: bytes) -> bool:
        return False


def test_what_waits_to_be_read_is_not_invented_as_well() -> None:
    """After a hold-up of our own the clock catches up before the sockets are read."""
    unread = False
    ingress, seconds = Ingress(JitterBuffer(), _Deaf(), lambda: unread), [n * FRAME_SECONDS for n in range(100)]
    for now in seconds[:20]:
        ingress.tick(now)
        ingress.sink(Audio(SILENCE_FRAME, RATE), now)
    after, unread = seconds[60], True
    for _ in range(5):
        ingress.tick(after)
    for _ in range(40):
        ingress.sink(Audio(SILENCE_FRAME, RATE), after)
    unread = False
    for now in seconds[61:]:
        ingress.tick(now)
        ingress.sink(Audio(SILENCE_FRAME, RATE), now)
    heard = ingress.jitter.statistics()
    assert (heard.popped, heard.concealed) == (99, 0)


def test_a_line_gone_silent_is_made_up_for() -> None:
    ingress = Ingress(JitterBuffer(conceal_after_ms=400), _Deaf(), lambda: False)
    ingress.sink(Audio(SILENCE_FRAME, RATE), 0.0)
    for index in range(50):
        ingress.tick(index * FRAME_SECONDS)
    assert ingress.jitter.statistics().concealed == 30
