"""Series that begin at 0. One that appears at 1 has, to Prometheus, never increased: an alert would miss the first
failure after a start, and a count of orders the first order."""

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import Counter

from engine import metrics
from engine.call.states import Outcome
from engine.dialogue.tools.toolbox import TOOLS
from engine.pbx.admission import REASONS
from engine.pbx.operators import Transferred

VENDORS: Final = ("google_stt", "google_tts", "anthropic", "store")
"""Named here because their adapters are imported late: see `engine.server`."""


def begin_at_zero() -> None:
    """Once, before the first call."""
    for counter, labels in _rows():
        counter.labels(*labels)


def _rows() -> Iterator[tuple[Counter, Sequence[str]]]:
    yield from ((metrics.CALLS, [outcome]) for outcome in Outcome)
    yield from ((metrics.ADMISSIONS, ["busy", reason]) for reason in REASONS)
    yield from ((metrics.INTERNAL_REFUSALS, [reason]) for reason in ("secret", "not_local", "proxied"))
    yield from ((metrics.TRANSFERS, [outcome]) for outcome in Transferred)
    yield from ((metrics.AMI_ERRORS, [kind]) for kind in ("away", "login", "refused"))
    yield from ((metrics.VENDOR_ERRORS, [vendor]) for vendor in VENDORS)
    yield from ((metrics.TOOL_CALLS, [tool, result]) for tool in TOOLS for result in ("ok", "failed"))
    yield from ((metrics.KNOWLEDGE_SEARCHES, [result]) for result in ("found", "nothing", "failed"))
    yield from ((metrics.RECORDS, [fate]) for fate in ("written", "spooled", "refused", "torn", "dropped"))
