"""What a run says, within bounds: the beginning and the end of it, and how much is left out between."""

from collections import deque
from typing import Final

_HEAD_LINES: Final = 100
_TAIL_LINES: Final = 400
_LINE_CHARACTERS: Final = 500


class Output:
    """Lines, the longest cut. `text` can be read at any time."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._left_out = 0

    def add(self, line: str) -> None:
        cut = line if len(line) <= _LINE_CHARACTERS else line[:_LINE_CHARACTERS] + "…"
        if len(self._head) < _HEAD_LINES:
            self._head.append(cut)
        else:
            self._left_out += len(self._tail) == _TAIL_LINES
            self._tail.append(cut)

    @property
    def text(self) -> str:
        gap = [f"… {self._left_out} lines left out …"] if self._left_out else []
        return "\n".join([*self._head, *gap, *self._tail])
