"""The voice of the emulated world: espeak-ng below 2.5 kHz, and above it the text itself as tones.

The subtitle sets the length (a symbol takes exactly 20 ms); the voice is spoken at the rate that fits and stretched by
the few percent that remain. Speech starts in the first milliseconds and has no long pause, so that what is measured
from "the first voiced frame" is not the voice's own doing.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.audio import FRAME_SAMPLES, RATE, SILENCE_FRAME
from ops.emulators.espeak import FASTEST, SLOWEST, USUAL, espeak
from ops.emulators.subtitles import tones

RMS: Final = 3277.0
"""-20 dB of full scale."""
_CUTOFF_HZ: Final = 2_350
_TAPS: Final = 129
_PEAK: Final = 22_000
_TAIL_FRAMES: Final = 2
"""Voice after the subtitle: a frame lost from its trailer still leaves something sounding there."""
_AUDIBLE: Final = 150.0
_LONGEST_PAUSE_S: Final = 0.06
_FADE_SAMPLES: Final = 40

type _Reals = NDArray[np.float32]


@lru_cache(maxsize=512)
def speak(text: str, language: str = "uk", rate: float = 1.0) -> bytes:
    """Subtitled speech for `text`: 8 kHz PCM, whole frames; empty for blank text. `rate` above 1 asks for a faster
    voice, but the subtitle's 25 characters a second remain the limit. Blocks for milliseconds (espeak); cached."""
    if not text.strip():
        return b""
    subtitle = tones(text).astype(np.float32)
    samples = len(subtitle) + _TAIL_FRAMES * FRAME_SAMPLES
    voice = _voice(text, language, samples / RATE, rate)
    mixed = _below_subtitle(_level(_fit(voice, samples)))
    mixed[: len(subtitle)] += subtitle
    return mixed.round().astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """Whole frames of zeros, at least as long."""
    return SILENCE_FRAME * int(np.ceil(seconds * RATE / FRAME_SAMPLES))


def _voice(text: str, language: str, seconds: float, rate: float) -> _Reals:
    """Espeak at 8 kHz, at the speaking rate that comes nearest to `seconds`."""
    usual = _spoken(text, language, USUAL)
    wanted = USUAL * len(usual) / RATE / seconds * rate
    return usual if abs(wanted / USUAL - 1) < 0.05 else _spoken(text, language, round(wanted))


def _spoken(text: str, language: str, words_per_minute: int) -> _Reals:
    source = espeak()
    pcm = source.speak(text, language=language, words_per_minute=min(max(words_per_minute, SLOWEST), FASTEST))
    wide = np.frombuffer(pcm, "<i2").astype(np.float32)
    if not len(wide):
        return np.zeros(FRAME_SAMPLES, np.float32)
    narrow: _Reals = soxr.resample(wide, source.sample_rate, RATE)
    return _without_pauses(narrow)


def _without_pauses(voice: _Reals) -> _Reals:
    """Silence at either end goes, longer ones inside shrink: the voice then sounds from its first frame to its last."""
    block = RATE // 200
    audible = np.abs(voice[: len(voice) // block * block]).reshape(-1, block).max(axis=1) > _AUDIBLE
    if not audible.any():
        return voice
    quiet_for = 0
    keep = np.zeros(len(audible), bool)
    last = int(np.flatnonzero(audible)[-1])
    for n in range(int(audible.argmax()), last + 1):
        quiet_for = 0 if audible[n] else quiet_for + 1
        keep[n] = quiet_for * block <= _LONGEST_PAUSE_S * RATE
    kept: _Reals = voice[: len(audible) * block][np.repeat(keep, block)]
    return kept


def _fit(voice: _Reals, samples: int) -> _Reals:
    """Stretch to a length by resampling."""
    positions = np.linspace(0, len(voice) - 1, samples, dtype=np.float32)
    return np.interp(positions, np.arange(len(voice)), voice).astype(np.float32)


def _level(voice: _Reals) -> _Reals:
    """At `RMS`, with peaks bent below full scale: clipping later would splash onto the tones."""
    louder = voice * (RMS / max(float(np.sqrt(np.mean(voice**2))), 1.0))
    limited: _Reals = _PEAK * np.tanh(louder / _PEAK)
    return limited


def _below_subtitle(voice: _Reals) -> _Reals:
    """Only what lies below the tones, without a click at either end."""
    filtered = np.convolve(voice, _low_pass(), mode="same").astype(np.float32)
    fade = np.linspace(0, 1, _FADE_SAMPLES, dtype=np.float32)
    filtered[:_FADE_SAMPLES] *= fade
    filtered[-_FADE_SAMPLES:] *= fade[::-1]
    return filtered


@lru_cache(maxsize=1)
def _low_pass() -> NDArray[np.float64]:
    n = np.arange(_TAPS) - _TAPS // 2
    ideal = 2 * _CUTOFF_HZ / RATE * np.sinc(2 * _CUTOFF_HZ / RATE * n)
    taps = ideal * np.blackman(_TAPS)
    return np.asarray(taps / taps.sum())
