"""Silero VAD v6 through onnxruntime: the probability that 32 ms of audio are speech.

The model is shared by all calls (its session is safe to share); what it remembers of a stream is not. It takes
`input` [1, 288] (32 samples of context, 256 new ones, 8 kHz, -1..1), `state` [2, 1, 128], `sr` and gives the
probability [1, 1] and the next state. About 45 us a window on one thread.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine.audio import RATE

type Floats = NDArray[np.float32]

WINDOW_SAMPLES: Final = 256
_CONTEXT_SAMPLES: Final = 32
_MODEL: Final = Path(__file__).parent / "models" / "silero_vad.onnx"
_RATE: Final = np.array(RATE, np.int64)
_ERRORS_ONLY: Final = 3


class SpeechModel:
    """One stream's view of the shared model."""

    def __init__(self) -> None:
        self._session = _shared_session()
        self._input: Floats = np.zeros((1, _CONTEXT_SAMPLES + WINDOW_SAMPLES), np.float32)
        self._state: Floats = np.zeros((2, 1, 128), np.float32)

    def reset(self) -> None:
        """Forget the stream."""
        self._input[:] = 0
        self._state = np.zeros_like(self._state)

    def probability(self, window: Floats) -> float:
        """Of the next 256 samples (-1..1) being speech, 0 to 1."""
        self._input[0, :_CONTEXT_SAMPLES] = self._input[0, -_CONTEXT_SAMPLES:]
        self._input[0, _CONTEXT_SAMPLES:] = window
        output, self._state = self._session.run(None, {"input": self._input, "state": self._state, "sr": _RATE})
        return float(output[0, 0])


@cache
def _shared_session() -> Any:
    """Loaded once per process (about 0.1 s), one thread: a pool would fight the event loop for its core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    return onnxruntime.InferenceSession(_MODEL, options, providers=["CPUExecutionProvider"])
