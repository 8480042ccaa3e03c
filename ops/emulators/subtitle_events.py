"""What a subtitle decoder reports. `at_ms`: milliseconds of audio it had been given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PacketHeard:
    """Some words, verified."""

    text: str
    first: bool
    last: bool
    at_ms: float


@dataclass(frozen=True, slots=True)
class PacketCut:
    """An utterance was cut off within a packet; `text` is what was heard of it, unverified."""

    text: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class Corrupted:
    """Audio was damaged: frames lost, repeated, swapped or distorted."""

    reason: str
    at_ms: float


@dataclass(frozen=True, slots=True)
class UtteranceHeard:
    """An utterance is over. `complete`: from its first packet to its last with nothing missing."""

    text: str
    complete: bool
    at_ms: float


type SubtitleEvent = PacketHeard | PacketCut | Corrupted | UtteranceHeard
