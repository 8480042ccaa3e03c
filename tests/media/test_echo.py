"""Echo or caller? Noise shaped and gated like speech stands for voices; espeak's own voice is the hard case."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio import FRAME_BYTES, FRAME_SAMPLES, RATE
from engine.media.echo import EchoReference

type Signal = NDArray[np.float64]

ECHO = 0.5
"""Above: echo. The tests keep clear of it on both sides."""
RECENT_SAMPLES = 160 * RATE // 1000


def voice(seed: int, pitch: float, seconds: float = 2.0) -> Signal:
    """Glottal pulses of a wavering pitch through two wandering formants, 4 syllables a second."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    t = np.arange(count) / RATE
    phase = np.cumsum(pitch * (1 + 0.08 * np.sin(2 * np.pi * (2 + seed % 3) * t + seed)) / RATE)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.02 * rng.normal(size=count)
    out = np.zeros(count)
    for low, high in ((300, 800), (900, 2300)):
        for start in range(0, count, RATE // 4):
            hertz, k = rng.uniform(low, high), np.arange(200) / RATE
            ring = np.exp(-k * 300) * np.sin(2 * np.pi * hertz * k)
            block = np.convolve(pulses[start : start + RATE // 4], ring)[: count - start]
            out[start : start + len(block)] += block
    out *= 1 + 0.9 * np.sin(2 * np.pi * 4 * t + seed)
    scale = 2000 / float(np.sqrt(np.mean(out**2)))
    return out * scale


def pcm(signal: Signal) -> bytes:
    return np.clip(signal, -32768, 32767).astype("<i2").tobytes()


def reference(played: Signal) -> EchoReference:
    echo, data = EchoReference(), pcm(played)
    for start in range(0, len(data) - FRAME_BYTES + 1, FRAME_BYTES):
        echo.played(data[start : start + FRAME_BYTES])
    return echo


def echo_of(played: Signal, delay_ms: float, gain: float) -> Signal:
    end = len(played) - int(delay_ms * RATE / 1000)
    return gain * played[end - RECENT_SAMPLES : end]


@pytest.mark.parametrize("delay_ms", [0, 13.5, 60, 250, 800, 1000])
@pytest.mark.parametrize("gain", [0.8, 0.1, -0.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_delayed_attenuated_copy_is_echo(delay_ms: float, gain: float, seed: int) -> None:
    played = voice(seed, 110)
    noise = np.random.default_rng(9).normal(0, 10, RECENT_SAMPLES)
    assert reference(played).likeness(pcm(echo_of(played, delay_ms, gain) + noise)) > 0.8


def test_a_filtered_echo_is_still_echo() -> None:
    played = voice(1, 120)
    smeared = np.convolve(echo_of(played, 90, 0.4), [0.7, 0.25, 0.05], "same")
    assert reference(played).likeness(pcm(smeared)) > 0.65


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("pitch", [110, 118, 190])
def test_another_voice_is_not(seed: int, pitch: float) -> None:
    other = voice(50 + seed, pitch)[4000 : 4000 + RECENT_SAMPLES]
    assert reference(voice(seed, 110)).likeness(pcm(other)) < 0.4


@pytest.mark.parametrize("seed", range(6))
def test_double_talk_is_speech(seed: int) -> None:
    played = voice(seed, 110)
    caller = voice(70 + seed, 170)[6000 : 6000 + RECENT_SAMPLES]
    assert reference(played).likeness(pcm(echo_of(played, 100, 0.3) + caller)) < ECHO


def test_silence_on_either_side_explains_nothing() -> None:
    played = voice(1, 110)
    assert reference(played).likeness(bytes(2 * RECENT_SAMPLES)) == 0.0
    assert reference(played).likeness(b"") == 0.0
    assert reference(0 * played).likeness(pcm(played[:RECENT_SAMPLES])) < 0.01


def test_what_was_played_long_ago_is_forgotten() -> None:
    played = voice(1, 110)
    echo = reference(played)
    for _ in range(1200 // 20):
        echo.played(bytes(FRAME_BYTES))
    assert echo.likeness(pcm(played[-RECENT_SAMPLES:])) < 0.01


def test_the_cost_of_a_comparison_is_printed() -> None:
    echo, heard = reference(voice(1, 110)), pcm(voice(2, 110)[:RECENT_SAMPLES])
    assert len(heard) == 8 * FRAME_SAMPLES * 2
    began = time.perf_counter()
    for _ in range(50):
        echo.likeness(heard)
    print(f"\nlikeness {(time.perf_counter() - began) / 50 * 1e6:.0f} us")
