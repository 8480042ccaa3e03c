"""Silero VAD v6 through onnxruntime: the probability that 32 ms of audio are speech. About 60 us on one thread.

The model (`ops.models.silero_8k` says how it is made of the vendor's) is shared by all calls, its session is safe to
share; what it remembers of a stream is not. It takes `input` [1, 1, 288] (32 samples of context, 256 new ones, 8 kHz,
-1..1) and the LSTM's `h` and `c` [1, 1, 128]; it gives the `probability` [1, 1] and both for the next window.

Inputs and outputs are bound to arrays of the stream once: naming, checking and copying them anew for each window costs
a third as much as the model itself. What comes out as memory goes in again, so two bindings take turns.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engine.audio import samples_of

type Floats = NDArray[np.float32]

WINDOW_SAMPLES: Final = 256
WINDOW_BYTES: Final = 2 * WINDOW_SAMPLES
_CONTEXT_SAMPLES: Final = 32
_HIDDEN: Final = 128
_MODEL: Final = Path(__file__).parent / "models" / "silero_vad_8k.onnx"
_SCALE: Final = np.float32(1 / 32768)
_ERRORS_ONLY: Final = 3


class SpeechModel:
    """One stream's view of the shared model."""

    def __init__(self) -> None:
        self._session = _shared_session()
        self._input = _zeros(_CONTEXT_SAMPLES + WINDOW_SAMPLES)
        self._memories = [(_zeros(_HIDDEN), _zeros(_HIDDEN)) for _ in range(2)]
        self._probability: Floats = np.zeros((1, 1), np.float32)
        before, after = self._memories
        self._now, self._next = self._bound(before, after), self._bound(after, before)

    def reset(self) -> None:
        """Forget the stream."""
        self._input[:] = 0
        for memory in self._memories:
            for array in memory:
                array[:] = 0

    def probability(self, window: bytes) -> float:
        """Of the next 256 samples (512 bytes of PCM) being speech, 0 to 1."""
        samples = self._input[0, 0]
        samples[:_CONTEXT_SAMPLES] = samples[-_CONTEXT_SAMPLES:]
        np.multiply(samples_of(window), _SCALE, out=samples[_CONTEXT_SAMPLES:])
        self._session.run_with_iobinding(self._now)
        self._now, self._next = self._next, self._now
        return float(self._probability[0, 0])

    def _bound(self, before: tuple[Floats, Floats], after: tuple[Floats, Floats]) -> Any:
        """The arrays' addresses; this stream keeps them alive."""
        binding = self._session.io_binding()
        inputs = zip(("input", "h", "c"), (self._input, *before), strict=True)
        outputs = zip(("probability", "h_next", "c_next"), (self._probability, *after), strict=True)
        for name, array in inputs:
            binding.bind_input(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        for name, array in outputs:
            binding.bind_output(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        return binding


def _zeros(width: int) -> Floats:
    return np.zeros((1, 1, width), np.float32)


@cache
def _shared_session() -> Any:
    """Loaded once per process (about 0.1 s), one thread: a pool would fight the event loop for its core."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    return onnxruntime.InferenceSession(_MODEL, options, providers=["CPUExecutionProvider"])
