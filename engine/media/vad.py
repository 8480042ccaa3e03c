"""Voice activity, frame by frame: a cheap gate that is nearly always shut, and a model behind it.

Before: `engine.media.jitter`. After: endpointing and barge-in. A call is silent on the caller's side for most of its
time, so silence must cost next to nothing, and the model (60 us) runs only while there is something to judge:

- The gate compares a frame's level with a floor that follows the line's own noise: down at once, up within a second or
  two, but not while someone speaks. It opens on one frame, and shuts after 300 ms without one.
- When it opens, the last 100 ms are fed to the model first, cut so that its window ends with the present frame: the
  model is warm and judges the onset at once.
- While speech is certain the model judges every third window only: it starts speech, it does not end it alone.
- The model starts speech; then level and model keep it together. The model lets go slowly after an abrupt end and
  blinks within words (more so when the voice carries a tone); the level does neither. So speech ends on the third
  frame in a row below the gate (the two before it are the hangover that keeps words whole), or when the model has
  said no for 160 ms whatever the level: a noise that begins under the last word.

The gate alone never makes a frame voiced: noise, hum, tones and clicks open it, and the model refuses them.
"""

from collections import deque
from typing import Final

from engine.audio import FRAME_BYTES, FRAME_MS, rms
from engine.media.silero import WINDOW_BYTES, SpeechModel

START_PROBABILITY: Final = 0.5
KEEP_PROBABILITY: Final = 0.35
CERTAIN_PROBABILITY: Final = 0.8
"""From here, within speech, the next windows are taken for the same."""
SKIPPED_WINDOWS: Final = 2
HANGOVER_FRAMES: Final = 2
DISBELIEF_FRAMES: Final = 160 // FRAME_MS

_LEAST_LEVEL: Final = 25.0
"""RMS below this (-62 dB of full scale) is never speech on a telephone."""
_OVER_FLOOR: Final = 2.0
"""6 dB above the noise opens the gate."""
_KEEP_SHARE: Final = 0.7
"""3 dB less keeps speech going."""
_FIRST_FLOOR: Final = 25.0
_FLOOR_RISE: Final = 0.02
"""Per frame: the floor reaches two thirds of a new noise in a second."""
_GATE_FRAMES: Final = 300 // FRAME_MS
_PRE_ROLL_BYTES: Final = 4 * WINDOW_BYTES - FRAME_BYTES


class VoiceActivityDetector:
    """One caller's voice activity."""

    def __init__(self) -> None:
        self._model = SpeechModel()
        self._floor = _FIRST_FLOOR
        self._open_for = 0
        self._recent: deque[bytes] = deque(maxlen=-(-_PRE_ROLL_BYTES // FRAME_BYTES))
        self._waiting = b""
        self._quiet_frames = 0
        self._disbelieved_frames = 0
        self._is_voiced = False
        self._skipping = 0
        self.probability = 0.0
        """The model's last word; 0.0 while the gate is shut."""

    @property
    def is_gate_open(self) -> bool:
        return self._open_for > 0

    def process(self, frame: bytes) -> bool:
        """Take 20 ms (320 bytes); says whether they are voiced, hangover included."""
        level = rms(frame)
        gate = max(_LEAST_LEVEL, self._floor * _OVER_FLOOR)
        if self._open_for or level > gate:
            self._listen(frame, level, gate)
        if not self._is_voiced and self.probability < KEEP_PROBABILITY:
            self._floor = level if level < self._floor else self._floor + (level - self._floor) * _FLOOR_RISE
        self._recent.append(frame)
        return self._is_voiced

    def _listen(self, frame: bytes, level: float, gate: float) -> None:
        if not self._open_for:
            self._open()
        self._open_for = _GATE_FRAMES if level > gate else self._open_for - 1
        self._judge(frame)
        self._smooth(level, gate)
        if not self._open_for:
            self.probability = 0.0

    def _open(self) -> None:
        self._model.reset()
        self._waiting = b"".join(self._recent)[-_PRE_ROLL_BYTES:].rjust(_PRE_ROLL_BYTES, b"\0")

    def _judge(self, frame: bytes) -> None:
        self._waiting += frame
        while len(self._waiting) >= WINDOW_BYTES:
            if self._skipping:
                self._skipping -= 1
            else:
                self.probability = self._model.probability(self._waiting[:WINDOW_BYTES])
                is_certain = self._is_voiced and self.probability >= CERTAIN_PROBABILITY
                self._skipping = SKIPPED_WINDOWS if is_certain else 0
            self._waiting = self._waiting[WINDOW_BYTES:]

    def _smooth(self, level: float, gate: float) -> None:
        if not self._is_voiced:
            self._is_voiced = level > gate and self.probability >= START_PROBABILITY
            self._quiet_frames = self._disbelieved_frames = 0
            return
        self._quiet_frames = 0 if level > gate * _KEEP_SHARE else self._quiet_frames + 1
        self._disbelieved_frames = 0 if self.probability >= KEEP_PROBABILITY else self._disbelieved_frames + 1
        self._is_voiced = self._quiet_frames <= HANGOVER_FRAMES and self._disbelieved_frames <= DISBELIEF_FRAMES
        if not self._is_voiced:
            self._skipping = 0
