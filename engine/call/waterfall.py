"""One turn's time, stage by stage, from the caller's last voiced frame to the bot's first. Pure."""

from collections.abc import Mapping

STAGES = ("final", "end_of_turn", "model_requested", "first_token", "first_sentence", "filler", "first_audio")
"""In the order they happen; a stage that did not happen (a cached phrase needs no model) is left out. `filler`: what
covered the wait, whenever that was; `first_audio` is the answer's own."""


class Waterfall:
    """Marks moments of a turn. The first mark of a stage counts; later ones (a second model round) do not."""

    def __init__(self, speech_ended_at: float) -> None:
        self.speech_ended_at = speech_ended_at
        self._marks: dict[str, float] = {}

    def mark(self, stage: str, now: float) -> None:
        self._marks.setdefault(stage, now)

    def has(self, stage: str) -> bool:
        return stage in self._marks

    def stages_ms(self) -> Mapping[str, float]:
        """Milliseconds after the caller's last voiced frame, in order of `STAGES`."""
        return {
            stage: round((self._marks[stage] - self.speech_ended_at) * 1000, 1)
            for stage in STAGES
            if stage in self._marks
        }
