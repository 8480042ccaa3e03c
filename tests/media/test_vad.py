"""Voice activity on synthetic speech and on everything that is not speech. `-s` prints the rates and the cost."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, RATE
from engine.media.resample import resample
from engine.media.vad import VoiceActivityDetector

type Signal = NDArray[np.float64]

SENTENCES = (
    "Добрий день, підкажіть будь ласка, чи є шини двісті п'ять п'ятдесят п'ять радіус шістнадцять?",
    "Так.",
    "Ні, дякую.",
    "Мене звати Олександр, місто Київ, вулиця Хрещатик двадцять два.",
)
LEVEL = 2000
LOUD = 200
"""RMS above which a frame of the clean speech certainly is speech (20 dB under its mean)."""
LEAD_MS = 600
_SPEAK = "import sys; from ops.emulators.espeak import espeak; sys.stdout.buffer.write(espeak().speak(sys.argv[1]))"
"""In a process of its own: how espeak says a sentence depends on what it said before."""


@cache
def say(text: str) -> Signal:
    """Ukrainian espeak-ng at 8 kHz, its own silences cut off, `LEVEL` rms."""
    spoken = subprocess.run([sys.executable, "-c", _SPEAK, text], stdout=subprocess.PIPE, check=True)
    speech = np.frombuffer(resample(spoken.stdout, 22_050, RATE), "<i2").astype(float)
    sounding = np.flatnonzero(np.abs(speech) > 0.02 * np.abs(speech).max())
    speech = speech[sounding[0] : sounding[-1] + 1]
    scale = LEVEL / float(np.sqrt(np.mean(speech**2)))
    return speech * scale


def low_passed(signal: Signal) -> Signal:
    """The voice below 2.5 kHz, as in a subtitled voice."""
    k = np.arange(63) - 31
    taps = np.sinc(2 * 2500 / RATE * k) * np.kaiser(63, 6)
    filtered: Signal = np.convolve(signal, taps / taps.sum(), "same")
    return filtered


def subtitled(signal: Signal, tone_rms: float = 600) -> Signal:
    """A voice below 2.5 kHz and a tone per 20 ms at 2650 + 50 k Hz above it."""
    voice, rng = low_passed(signal), np.random.default_rng(3)
    t = np.arange(FRAME_SAMPLES) / RATE
    for start in range(0, len(voice) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        hertz = 2650 + 50 * rng.integers(16)
        voice[start : start + FRAME_SAMPLES] += tone_rms * 2**0.5 * np.sin(2 * np.pi * hertz * t)
    return voice


def frames_of(signal: Signal) -> list[bytes]:
    pcm = np.clip(signal, -32768, 32767).astype("<i2").tobytes()
    return [pcm[i : i + FRAME_BYTES] for i in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


def detect(signal: Signal) -> list[bool]:
    detector = VoiceActivityDetector()
    return [detector.process(frame) for frame in frames_of(signal)]


def on_the_line(speech: Signal, offset: int, noise_rms: float = 8) -> Signal:
    """The speech behind `LEAD_MS` and before 1 s of line noise, `offset` samples off the frame grid."""
    lead = LEAD_MS * RATE // 1000 + offset
    line = np.random.default_rng(5).normal(0, noise_rms, lead + len(speech) + RATE)
    line[lead : lead + len(speech)] += speech
    return line


VOICES: dict[str, Callable[[Signal], Signal]] = {
    "plain": lambda s: s,
    "quiet": lambda s: s * 0.15,
    "low-passed": low_passed,
    "subtitled": subtitled,
    "quiet subtitled": lambda s: subtitled(s) * 0.2,
}


@pytest.mark.parametrize("voice", VOICES)
def test_speech_is_found_soon_kept_whole_and_let_go_soon(voice: str) -> None:
    starts, ends, hits, holes = [], [], [], []
    for text in SENTENCES:
        for offset in (0, 53, 106):
            clean = say(text)
            voiced = np.array(detect(on_the_line(VOICES[voice](clean), offset)))
            begin = (LEAD_MS * RATE // 1000 + offset) / FRAME_SAMPLES
            end = begin + len(clean) / FRAME_SAMPLES
            on = np.flatnonzero(voiced)
            assert on[0] >= int(begin), "nothing is voiced before there is speech"
            starts.append((on[0] + 1 - begin) * FRAME_MS)
            # From the end of the last frame with speech in it to the end of the first one called unvoiced.
            ends.append((on[-1] + 2 - np.ceil(end)) * FRAME_MS)
            blocks = clean[: len(clean) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
            loud = np.sqrt(np.mean(blocks**2, axis=1)) > LOUD
            onset = 4  # judged by `starts`
            hits.append(voiced[int(begin) + onset : int(begin) + len(loud)][loud[onset:]].mean())
            holes.append((longest_hole(voiced[on[0] : on[-1]]) - longest_hole(loud)) * FRAME_MS)
    print(
        f"\n{voice}: start after {np.mean(starts):.0f} (max {max(starts):.0f}) ms, "
        f"end after {np.mean(ends):.0f} (max {max(ends):.0f}) ms, "
        f"loud frames voiced {np.mean(hits):.1%}, longest hole {max(holes)} ms beyond the speaker's own"
    )
    assert np.median(starts) <= 80
    assert max(starts) <= 140
    assert max(ends) <= 60
    assert np.mean(hits) > 0.95
    assert max(holes) <= 160, "far from the silence that ends a turn"


def longest_hole(voiced: NDArray[np.bool_]) -> int:
    return max(map(len, "".join("1" if v else "0" for v in voiced).split("1")), default=0)


def noise(rms: float) -> Signal:
    return np.random.default_rng(11).normal(0, rms, 20 * RATE)


def tone(hertz: float, level: float) -> Signal:
    return level * np.sin(2 * np.pi * hertz * np.arange(10 * RATE) / RATE)


NOT_SPEECH: dict[str, Signal] = {
    "silence": np.zeros(5 * RATE),
    "comfort noise": noise(30),
    "white noise": noise(300),
    "loud white noise": noise(3000),
    "pink noise": np.cumsum(noise(60)) * 0.02 + noise(100),
    "mains hum": tone(50, 1500) + tone(150, 500) + tone(250, 200),
    "dial tone": tone(425, 3000),
    "busy tone": tone(425, 3000) * (np.arange(10 * RATE) // (RATE // 2) % 2),
    "a lone subtitle": subtitled(np.zeros(10 * RATE)),
    "keypress": (tone(770, 4000) + tone(1336, 4000)) * (np.arange(10 * RATE) % RATE < RATE // 5),
    "clicks": np.where(np.random.default_rng(2).random(20 * RATE) < 0.0005, 20_000.0, 0.0),
}


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_not_speech_is_never_voiced(name: str) -> None:
    voiced = detect(NOT_SPEECH[name])
    print(f"\n{name}: {sum(voiced)} of {len(voiced)} frames voiced")
    assert not any(voiced)


def test_speech_is_found_over_a_noisy_line() -> None:
    speech = say(SENTENCES[0])
    voiced = np.array(detect(on_the_line(speech, 0, noise_rms=250)))
    lead = LEAD_MS // FRAME_MS
    assert not voiced[:lead].any()
    assert voiced[lead : lead + len(speech) // FRAME_SAMPLES].mean() > 0.7
    assert not voiced[-30:].any()


def test_a_steady_noise_shuts_the_gate_again() -> None:
    detector = VoiceActivityDetector()
    states = []
    for frame in frames_of(noise(800)):
        detector.process(frame)
        states.append(detector.is_gate_open)
    assert states[0]
    assert not any(states[250:])


def test_two_callers_share_no_memory() -> None:
    speech, alone = on_the_line(say(SENTENCES[3]), 0), VoiceActivityDetector()
    expected = [alone.process(frame) for frame in frames_of(speech)]
    one, other = VoiceActivityDetector(), VoiceActivityDetector()
    noise_frames = frames_of(noise(900))
    got = []
    for speech_frame, noise_frame in zip(frames_of(speech), noise_frames, strict=False):
        got.append(one.process(speech_frame))
        other.process(noise_frame)
    assert got == expected[: len(got)]


def test_the_cost_of_a_frame_is_printed() -> None:
    def cost_us(signal: Signal) -> float:
        frames, best = frames_of(signal), float("inf")
        for _ in range(3):
            detector, began = VoiceActivityDetector(), time.perf_counter()
            for frame in frames:
                detector.process(frame)
            best = min(best, (time.perf_counter() - began) / len(frames) * 1e6)
        return best

    silent, spoken = cost_us(np.random.default_rng(1).normal(0, 8, 20 * RATE)), cost_us(say(SENTENCES[0]))
    print(f"\nsilent frame {silent:.1f} us, speech frame {spoken:.1f} us")
    assert silent < spoken / 2
