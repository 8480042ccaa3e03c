"""The jitter buffer: order, conservation, and no delay where none is needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio import FRAME_BYTES, SILENCE_FRAME
from engine.media.jitter import Frame, JitterBuffer, JitterStatistics


def frame(number: int) -> bytes:
    """A frame that says which it is."""
    return (number % 30_000 + 1).to_bytes(2, "little") * (FRAME_BYTES // 2)


def number_of(item: Frame) -> int:
    return int.from_bytes(item.pcm[:2], "little") - 1


def drain(buffer: JitterBuffer, now: float) -> list[Frame]:
    frames: list[Frame] = []
    if not buffer.is_due(now):
        assert buffer.pop(now) is None
    while (item := buffer.pop(now)) is not None:
        frames.append(item)
    return frames


def assert_conserved(s: JitterStatistics) -> None:
    assert s.pushed == s.popped + s.queued + s.dropped + s.late + s.duplicates


def test_smooth_arrival_passes_without_delay() -> None:
    buffer = JitterBuffer()
    for i in range(200):
        buffer.push(frame(i), i * 0.02)
        assert [number_of(f) for f in drain(buffer, i * 0.02)] == [i]
    s = buffer.statistics()
    assert (s.pushed, s.popped, s.depth_ms, s.gaps, s.concealed) == (200, 200, 0, 0, 0)
    assert s.jitter_ms < 0.01


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 80, 160, 161, 320]), st.sampled_from([0, 0.02, 0.03, 0.5])), max_size=40)
)
def test_passing_through_is_pushing_and_popping(arrivals: list[tuple[int, float]]) -> None:
    """Whatever comes, in samples after seconds."""
    short, long = JitterBuffer(), JitterBuffer()
    now, counter = 1.0, 0
    for samples, after in arrivals:
        now += after
        assert drain(short, now) == drain(long, now)
        chunk = b"".join((counter + i).to_bytes(2, "little") for i in range(samples))
        counter += samples
        long.push(chunk, now)
        if short.pass_through(chunk, now):
            assert [item.pcm for item in drain(long, now)] == [chunk]
        else:
            short.push(chunk, now)
        assert drain(short, now) == drain(long, now)
    assert short.statistics() == long.statistics()


@given(st.lists(st.integers(0, 900), max_size=60))
def test_chunks_of_any_even_length_come_out_as_the_same_bytes(samples: list[int]) -> None:
    buffer = JitterBuffer(max_backlog_ms=10_000_000)
    sent, heard, counter = b"", b"", 0
    for count in samples:
        chunk = b"".join((counter + i).to_bytes(2, "little") for i in range(count))
        counter += count
        sent += chunk
        buffer.push(chunk, 1.0)
        frames = drain(buffer, 1.0)
        assert all(len(f.pcm) == FRAME_BYTES for f in frames)
        heard += b"".join(f.pcm for f in frames)
    assert heard == sent[: len(sent) // FRAME_BYTES * FRAME_BYTES]
    assert_conserved(buffer.statistics())


@pytest.mark.parametrize(("length", "sequence"), [(319, None), (3, None), (318, 1), (640, 1)])
def test_a_wrong_length_is_refused(length: int, sequence: int | None) -> None:
    with pytest.raises(ValueError, match="are not whole"):
        JitterBuffer().push(bytes(length), 0.0, sequence)


def test_a_hole_of_asterisk_is_not_concealed_and_its_backlog_leaves_at_once() -> None:
    buffer = JitterBuffer()
    buffer.push(frame(0), 0.0)
    drain(buffer, 0.0)
    for i in range(1, 17):
        assert drain(buffer, i * 0.02) == []
    buffer.push(b"".join(frame(i) for i in range(1, 17)), 0.34)
    assert [number_of(f) for f in drain(buffer, 0.34)] == list(range(1, 17))
    s = buffer.statistics()
    assert (s.gaps, s.underruns, s.concealed) == (1, 0, 0)


def test_a_long_hole_lets_time_go_on() -> None:
    buffer = JitterBuffer()
    buffer.push(b"\x00\x10" * 160, 0.0)
    drain(buffer, 0.0)
    invented = [f for i in range(1, 51) for f in drain(buffer, i * 0.02)]
    assert len(invented) == 31  # from 400 ms to 1000 ms
    assert all(f.concealed for f in invented)
    peaks = [max(abs(s) for s in memoryview(f.pcm).cast("h")) for f in invented[:4]]
    assert peaks[0] > peaks[1] > peaks[2] > 0
    assert all(f.pcm == SILENCE_FRAME for f in invented[3:])
    assert (buffer.statistics().underruns, buffer.statistics().concealed) == (1, 31)


def test_a_line_that_never_sends_has_time_too() -> None:
    buffer = JitterBuffer()
    frames = [f for i in range(100) for f in drain(buffer, i * 0.02)]
    assert len(frames) == 80
    assert all(f.concealed and f.pcm == SILENCE_FRAME for f in frames)


def test_a_stall_of_our_own_is_not_made_up_for() -> None:
    buffer = JitterBuffer()
    buffer.push(frame(0), 0.0)
    drain(buffer, 0.0)
    assert len(drain(buffer, 60.0)) <= 7


def test_a_backlog_drops_its_oldest() -> None:
    buffer = JitterBuffer(max_backlog_ms=1000)
    buffer.push(b"".join(frame(i) for i in range(80)), 0.0)
    assert [number_of(f) for f in drain(buffer, 0.0)] == list(range(30, 80))
    assert buffer.statistics().dropped == 30
    assert_conserved(buffer.statistics())


def test_a_lost_packet_is_replaced_so_that_time_stays_true() -> None:
    buffer = JitterBuffer()
    heard = []
    for i in (0, 1, 2, 4, 5):
        buffer.push(frame(i), i * 0.02, i)
        heard += drain(buffer, i * 0.02)
    assert [f.concealed for f in heard] == [False, False, False, True, False, False]
    assert buffer.statistics().lost == 1


def test_depth_learns_from_reordering_and_forgets() -> None:
    buffer = JitterBuffer()
    heard: list[Frame] = []
    for i in range(0, 400, 2):  # every pair swapped, 20 ms apart
        for k, sequence in enumerate((i + 1, i)):
            now = (i + k) * 0.02
            buffer.push(frame(sequence), now, sequence)
            heard += drain(buffer, now)
    s = buffer.statistics()
    assert 15 <= s.depth_ms <= 100
    assert s.late <= 2, "the first swaps are the lesson"
    real = [number_of(f) for f in heard if not f.concealed]
    assert real == sorted(real)
    for i in range(400, 1400):
        buffer.push(frame(i), i * 0.02, i)
        drain(buffer, i * 0.02)
    assert buffer.depth_ms == 0


def test_a_new_numbering_is_followed_without_loss() -> None:
    buffer = JitterBuffer()
    heard = []
    for now, sequence in enumerate([65534, 65535, 0, 1]):
        buffer.push(frame(now), now * 0.02, sequence)
        heard += drain(buffer, now * 0.02)
    assert [number_of(f) for f in heard] == [0, 1, 2, 3]
    assert buffer.statistics().lost == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 0.1), st.booleans()), max_size=120))
def test_numbered_frames_come_out_in_order_once_and_none_vanishes(
    arrivals: list[tuple[int, float, bool]],
) -> None:
    buffer = JitterBuffer()
    now, heard = 0.0, []
    for sequence, wait, is_popped in arrivals:
        now += wait
        buffer.push(frame(sequence), now, sequence)
        if is_popped:
            heard += drain(buffer, now)
        assert_conserved(buffer.statistics())
    heard += drain(buffer, now + 0.2)
    numbers = [number_of(f) for f in heard if not f.concealed]
    assert numbers == sorted(set(numbers))
    s = buffer.statistics()
    assert s.popped == len(numbers)
    assert s.queued == 0
    assert_conserved(s)
