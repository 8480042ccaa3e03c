"""What a check found, in words for whoever administers the PBX. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    FINE = "fine"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """It could not be told; the remedy says how to find out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was looked at, what was `found`, and what to do about it (empty where all is well)."""

    mark: Mark
    what: str
    found: str
    remedy: str = ""


def fine(what: str, found: str) -> Finding:
    return Finding(Mark.FINE, what, found)


def missing(what: str, found: str, remedy: str) -> Finding:
    return Finding(Mark.MISSING, what, found, remedy)


def unknown(what: str, found: str, remedy: str) -> Finding:
    return Finding(Mark.UNKNOWN, what, found, remedy)


def all_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing is missing."""
    return all(finding.mark is not Mark.MISSING for finding in findings)
