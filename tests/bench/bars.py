"""How the benches beside run.py say whether a bar is held."""

from typing import Final

LATER: Final = 1.2
"""The media clock's lateness p99 beside other work, as a multiple of what it is alone."""


def said(held: bool) -> str:
    return "ok" if held else "MISSED"
