"""What is said in these calls, and whether it came through."""

import re
from typing import Final

from engine.audio import FRAME_BYTES, FRAME_SECONDS
from engine.dialogue.prompts import load
from engine.speech.verbalize import verbalize
from ops.emulators.subtitled_voice import speak
from tests.asterisk.rtp_ear import RtpEar

TEXTS: Final = load("uk")
QUESTION: Final = "Мені потрібні зимові шини на Тойоту Камрі 2020 року"
FAREWELL: Final = "Ні, дякую, до побачення"


def greeting_seconds() -> float:
    """Of the longest greeting and the notice after it."""
    by_time = (TEXTS.greeting.morning, TEXTS.greeting.day, TEXTS.greeting.evening, TEXTS.greeting.night)
    return max(map(_seconds, by_time)) + _seconds(TEXTS.phrases.notice)


def words(text: str) -> str:
    """Without punctuation: where one sentence ends is for whoever joins them to say."""
    return " ".join(re.findall(r"[\w'’]+", text.lower()))


def heard(ear: RtpEar) -> str:
    return " ".join(sentence.text for sentence in ear.sentences)


def assert_undamaged(ear: RtpEar) -> None:
    """Every sentence from its first packet to its last, no checksum wrong, no RTP packet lost."""
    assert ear.sentences
    assert all(sentence.complete for sentence in ear.sentences)
    assert ear.ears.statistics().checksum_errors == 0
    assert ear.cadence().lost == 0


def _seconds(text: str) -> float:
    return len(speak(verbalize(text))) / FRAME_BYTES * FRAME_SECONDS
