"""What an operator is told, as Asterisk can carry it: in channel variables and, from there, in a SIP header. Pure."""

import re
from typing import Final

from engine.pbx.ami_wire import Fields
from engine.pbx.operators import Handover

REASON: Final = "__CALLCTL_REASON"
SUMMARY: Final = "__CALLCTL_SUMMARY"
"""Two underscores: whatever channels the dialplan makes for the caller inherit them."""
MAX_SUMMARY: Final = 240
"""Characters: two sentences. As UTF-8 within a line of AMI; percent-encoded, at six bytes a Cyrillic letter, within an
INVITE by UDP."""

_MAX_REASON: Final = 40
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_HARMLESS: Final = str.maketrans({'"': "'", "\\": "/"} | dict.fromkeys("()[]{}$", " "))
"""What would end a quoted string in the dialplan or in SIP, or the arguments of an application."""


def channel_variables(handover: Handover) -> Fields:
    """Names and values, on one line each."""
    return ((REASON, one_line(handover.reason, _MAX_REASON)), (SUMMARY, one_line(handover.summary, MAX_SUMMARY)))


def one_line(text: str, longest: int) -> str:
    """Without control characters and what means something to the dialplan; cut at a word (and marked by `…`) where
    longer than `longest` characters."""
    line = _UNPRINTABLE.sub(" ", text.translate(_HARMLESS)).strip()
    if len(line) <= longest:
        return line
    kept = line[: longest - 1]
    if line[longest - 1] != " " and " " in kept:
        kept = kept[: kept.rindex(" ")]
    return kept.rstrip(" .,;:-") + "…"
