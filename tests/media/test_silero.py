"""Our graph of the speech model against the vendor's: what that answered to a spoken «Так. Ні, дякую.» is on file."""

from pathlib import Path

import numpy as np
import pytest

from engine.media.silero import WINDOW_BYTES, SpeechModel

with np.load(Path(__file__).parent / "silero_vendor.npz") as _recorded:
    PCM, PROBABILITIES = _recorded["pcm"].tobytes(), _recorded["probabilities"].tolist()
WINDOWS = [PCM[start : start + WINDOW_BYTES] for start in range(0, len(PCM), WINDOW_BYTES)]


def test_it_answers_as_the_vendors_model_does() -> None:
    assert min(PROBABILITIES) < 0.05 < 0.95 < max(PROBABILITIES)
    model = SpeechModel()
    assert [model.probability(window) for window in WINDOWS] == pytest.approx(PROBABILITIES, abs=1e-5)


def test_a_reset_forgets_everything() -> None:
    model = SpeechModel()
    first = [model.probability(window) for window in WINDOWS[:9]]
    assert model.probability(WINDOWS[0]) != first[0]
    model.reset()
    assert [model.probability(window) for window in WINDOWS[:9]] == first


def test_streams_in_turn_do_not_disturb_each_other() -> None:
    one, other = SpeechModel(), SpeechModel()
    noise = np.random.default_rng(1).normal(0, 3000, WINDOW_BYTES // 2).astype("<i2").tobytes()
    heard = []
    for window in WINDOWS:
        heard.append(one.probability(window))
        other.probability(noise)
    assert heard == pytest.approx(PROBABILITIES, abs=1e-5)
