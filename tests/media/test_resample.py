"""Resampling, judged with tones: level, aliases, delay, and that cutting the stream differently changes nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.media.resample import RATES, StreamResampler, resample

PAIRS = [(a, b) for a in RATES for b in RATES if a != b and 8_000 in (a, b)]


def tone(hertz: float, rate: int, seconds: float = 1.0, level: float = 8000) -> bytes:
    t = np.arange(int(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * hertz * t)).astype("<i2").tobytes()


def level_at(pcm: bytes, hertz: float, rate: int) -> float:
    """Amplitude of the tone, the first and last 50 ms left out."""
    x = np.frombuffer(pcm, "<i2").astype(float)[rate // 20 : -rate // 20]
    t = np.arange(len(x)) / rate
    window = np.hanning(len(x))
    return float(2 * abs(np.dot(x * window, np.exp(-2j * np.pi * hertz * t))) / window.sum())


def in_frames(source: int, target: int, pcm: bytes) -> bytes:
    resampler, size = StreamResampler(source, target), source // 50 * 2
    return b"".join(resampler.convert(pcm[i : i + size]) for i in range(0, len(pcm), size))


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize(("hertz", "loss_db"), [(100, 0.1), (1000, 0.1), (3000, 0.1), (3400, 0.6)])
def test_telephone_band_keeps_its_level(source: int, target: int, hertz: float, loss_db: float) -> None:
    got = level_at(in_frames(source, target, tone(hertz, source)), hertz, target)
    assert 20 * np.log10(got / 8000) == pytest.approx(0, abs=loss_db)


@pytest.mark.parametrize("source", [rate for rate in RATES if rate > 8_000])
@pytest.mark.parametrize("hertz", [4600, 5500])
def test_what_would_alias_is_gone(source: int, hertz: float) -> None:
    got = level_at(in_frames(source, 8_000, tone(hertz, source)), 8_000 - hertz, 8_000)
    assert got < 8000 * 10 ** (-55 / 20)


@pytest.mark.parametrize("target", [rate for rate in RATES if rate > 8_000])
def test_no_image_appears_above_the_old_band(target: int) -> None:
    got = level_at(in_frames(8_000, target, tone(3000, 8_000)), 5000, target)
    assert got < 8000 * 10 ** (-55 / 20)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_delay_is_under_five_milliseconds(source: int, target: int) -> None:
    click = np.zeros(source // 5, "<i2")
    click[source // 10 :] = 10_000  # a step at 100 ms
    out = np.frombuffer(in_frames(source, target, click.tobytes()), "<i2")
    arrived = int(np.argmax(out > 5000)) / target
    assert 0.1 < arrived < 0.103


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_frame_gives_exactly_a_frame_for_an_hour(source: int, target: int) -> None:
    resampler, frame = StreamResampler(source, target), bytes(source // 50 * 2)
    assert {len(resampler.convert(frame)) for _ in range(500)} == {target // 50 * 2}
    # The state after each frame is the same size, so what holds for ten seconds holds for an hour.


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 1500), min_size=1, max_size=12))
def test_how_the_stream_is_cut_changes_nothing(pair: tuple[int, int], cuts: list[int]) -> None:
    source, target = pair
    noise = np.random.default_rng(7).integers(-20_000, 20_000, sum(cuts)).astype("<i2").tobytes()
    whole = StreamResampler(source, target).convert(noise)
    resampler, at, parts = StreamResampler(source, target), 0, []
    for count in cuts:
        parts.append(resampler.convert(noise[2 * at : 2 * (at + count)]))
        at += count
    a, b = np.frombuffer(b"".join(parts), "<i2").astype(int), np.frombuffer(whole, "<i2").astype(int)
    assert len(a) == len(b)
    assert np.abs(a - b).max(initial=0) <= 1, "float32 sums may round differently, nothing more"


def test_full_scale_clips_and_does_not_wrap() -> None:
    square = np.where(np.arange(16_000) // 20 % 2, 32_767, -32_768).astype("<i2").tobytes()
    out = np.frombuffer(in_frames(16_000, 8_000, square), "<i2").astype(int)
    assert np.abs(np.diff(out)).max() < 60_000
    assert out.max() == 32_767


def test_the_same_rate_is_left_alone() -> None:
    assert StreamResampler(8_000, 8_000).convert(b"\x01\x02") == b"\x01\x02"
    assert resample(b"\x01\x02", 8_000, 8_000) == b"\x01\x02"


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_whole_utterance_keeps_length_and_level(source: int, target: int) -> None:
    out = resample(tone(1000, source), source, target)
    assert len(out) == pytest.approx(2 * target, abs=4)
    assert level_at(out, 1000, target) == pytest.approx(8000, rel=0.01)
