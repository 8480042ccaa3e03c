"""Keypresses gathered into one answer. Pure.

`#` ends the answer, a pause ends it too; `0` as the first key means "operator" at any time.
"""

PAUSE_SECONDS = 2.5
OPERATOR = "0"


class DigitCollector:
    def __init__(self) -> None:
        self._digits = ""
        self._due: float | None = None

    def press(self, digit: str, now: float) -> str | None:
        """The finished answer if this key ends it, else None."""
        if not self._digits and digit == OPERATOR:
            return OPERATOR
        if digit == "#":
            return self._take()
        self._digits += digit
        self._due = now + PAUSE_SECONDS
        return None

    def poll(self, now: float) -> str | None:
        """The answer, once the caller has paused."""
        return self._take() if self._due is not None and now >= self._due else None

    def _take(self) -> str | None:
        digits, self._digits, self._due = self._digits, "", None
        return digits or None
