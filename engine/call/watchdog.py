"""What must not go on for ever: a call past its length, a line that has gone dead. Pure."""

from enum import StrEnum

NO_MEDIA_SECONDS = 60.0
"""Asterisk sends frames only while the caller's RTP flows, and a muted phone may send none: be patient."""


class Alarm(StrEnum):
    TOO_LONG = "too_long"
    NO_MEDIA = "no_media"


class Watchdog:
    def __init__(self, started_at: float, max_duration: float) -> None:
        self._ends_at = started_at + max_duration
        self._started_at = started_at
        self._raised: set[Alarm] = set()

    def poll(self, now: float, last_audio_at: float | None) -> Alarm | None:
        """Each alarm is raised once."""
        if now >= self._ends_at:
            return self._once(Alarm.TOO_LONG)
        if now - (last_audio_at or self._started_at) >= NO_MEDIA_SECONDS:
            return self._once(Alarm.NO_MEDIA)
        return None

    def _once(self, alarm: Alarm) -> Alarm | None:
        if alarm in self._raised:
            return None
        self._raised.add(alarm)
        return alarm
