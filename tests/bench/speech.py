"""What the benchmark's callers say: real speech, so that voice detection works as it would.

With scripted providers plain espeak; with emulated ones the subtitled voice, or they would understand nothing. Every
utterance ends with a voiced frame: latencies are counted from it.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from engine.audio import FRAME_BYTES, RATE, rms
from engine.media.resample import resample
from engine.wire.audiosocket import AudioSocketCodec, Role
from engine.wire.events import Audio, Connected
from ops.emulators.caller_ears import VOICED_RMS
from ops.emulators.espeak import espeak
from ops.emulators.subtitled_voice import speak

QUESTIONS: Final = ("Які є зимові шини на Камрі", "Порадьте шини для Тойоти", "Покажіть зимові шини Нокіан")
INTERRUPTIONS: Final = ("Зачекайте а яка найдешевша", "Стоп мені потрібні літні шини", "А є інші варіанти на складі")


@dataclass(frozen=True, slots=True)
class Speech:
    """Utterances as wire frames, and one frame of silence."""

    questions: tuple[tuple[bytes, ...], ...]
    interruptions: tuple[tuple[bytes, ...], ...]
    silence: bytes


def prepare(*, subtitled: bool) -> Speech:
    """Blocks for some tenths of a second."""
    codec = AudioSocketCodec(Role.CLIENT)
    codec.send(Connected(UUID(int=0)))  # audio may not come before it
    say = speak if subtitled else _plain

    def on_the_wire(text: str) -> tuple[bytes, ...]:
        return tuple(codec.send(Audio(frame, RATE)) for frame in _voiced_frames(say(text)))

    return Speech(
        tuple(map(on_the_wire, QUESTIONS)),
        tuple(map(on_the_wire, INTERRUPTIONS)),
        codec.send(Audio(bytes(FRAME_BYTES), RATE)),
    )


def _plain(text: str) -> bytes:
    source = espeak()
    return resample(source.speak(text), source.sample_rate, RATE)


def _voiced_frames(pcm: bytes) -> list[bytes]:
    """From the first voiced frame to the last."""
    frames = [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
    voiced = [index for index, frame in enumerate(frames) if rms(frame) > VOICED_RMS]
    return frames[voiced[0] : voiced[-1] + 1]
