"""What a check is, and looking at all of them at once.

A check is a function of the settings. It says what it found; of what goes wrong it may simply raise the engine's own
error, and the table (`ops.doctor.table`) has the remedy.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import trio

from engine.config import Config
from engine.errors import DatabaseAway, EngineError

type State = Literal["ok", "failed", "skipped"]

SECONDS: Final = 5.0
"""How long each may take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy`: what to do, for what has failed; empty: the table's."""

    state: State
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`needs`: which variable must be set for it to make sense, of those that are not; empty: it does."""

    name: str
    look: Callable[[Config], Awaitable[Finding]]
    remedy: str
    needs: Callable[[Config], str] = lambda config: ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of a check. `seconds`: how long it took."""

    name: str
    finding: Finding
    seconds: float


def ok(text: str) -> Finding:
    return Finding("ok", text)


def failed(text: str, remedy: str = "") -> Finding:
    return Finding("failed", text, remedy)


def skipped(text: str) -> Finding:
    return Finding("skipped", text)


async def look_at_all(checks: Sequence[Check], config: Config, *, seconds: float = SECONDS) -> list[Looked]:
    """All at once; the findings in the order of the checks."""
    found: dict[str, Looked] = {}

    async def look(check: Check) -> None:
        found[check.name] = await _look(check, config, seconds)

    async with trio.open_nursery() as nursery:
        for check in checks:
            nursery.start_soon(look, check)
    return [found[check.name] for check in checks]


async def _look(check: Check, config: Config, seconds: float) -> Looked:
    if variable := check.needs(config):
        return Looked(check.name, skipped(f"{variable} is not set"), 0.0)
    began = trio.current_time()
    finding = failed(f"no answer within {seconds:g} s")
    with trio.move_on_after(seconds):
        try:
            finding = await check.look(config)
        except* DatabaseAway:
            finding = skipped("not looked at: the database does not answer")
        except* EngineError as group:
            finding = failed(_first_line(group))
    if finding.state == "failed" and not finding.remedy:
        finding = failed(finding.text, check.remedy)
    return Looked(check.name, finding, trio.current_time() - began)


def _first_line(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error).partition("\n")[0]
