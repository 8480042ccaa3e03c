"""Engines that can be lost, the ways to lose one, and a caller who is talking to it when that happens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import trio

from ops.embedded.world import Overrides, World
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.running_engine import SECRET, Reachable, address_of, channels, point_at, until
from tests.asterisk.sipp_caller import HANG_UP, line_audio, placed_call, wait
from tests.e2e.served import Served, served

STAY: Final = [wait(80), HANG_UP]
WITHIN: Final = 3.0
"""Seconds without a voice that a caller may be asked to bear."""
_TALK: Final = 4.0
"""Seconds of conversation before the loss: longer than what counts as never begun."""
ALONE: Final = {"HTTP_INTERNAL_SECRET": SECRET, "CALL_DRAIN_SECONDS": "0"}


@dataclass(frozen=True, slots=True)
class Nothing:
    """An engine with these surroundings starts all it needs by itself."""

    overrides: Overrides = field(default_factory=dict)


type Family = list[psutil.Process]
"""The process that was started, and all that it has started."""


def killed(family: Family) -> None:
    """All of it at once, as when the machine runs out of memory."""
    for process in family:
        process.kill()


def hung(family: Family) -> None:
    """What has the calls stands still; whoever watches it does not."""
    for process in family[1:] or family:
        process.suspend()


def frozen(family: Family) -> None:
    """Everything stands still: nobody is left to notice."""
    for process in family:
        process.suspend()


@asynccontextmanager
async def mortal(world: World, *options: str) -> AsyncIterator[tuple[Served, Family]]:
    """An engine that is killed in the end, however it then stands."""
    async with served(world, *options, **ALONE) as engine:
        parent = psutil.Process(engine.process.pid)
        family = [parent, *parent.children(recursive=True)]
        try:
            yield engine, family
        finally:
            engine.kill()
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


@asynccontextmanager
async def talking_to(asterisk: RealAsterisk, engine: Reachable, folder: Path) -> AsyncIterator[None]:
    """A caller with whom the bot has been talking for a while."""
    await point_at(asterisk, address_of(engine))
    async with placed_call(asterisk, folder, STAY, audio=line_audio(seconds=90)):
        await until(lambda: _is_in_conversation(asterisk))
        await trio.sleep(_TALK)
        assert await _is_in_conversation(asterisk)
        yield


async def _is_in_conversation(asterisk: RealAsterisk) -> bool:
    return any(
        c.application in ("AudioSocket", "TryExec", "Dial") and c.context == "callctl-bot"
        for c in await channels(asterisk)
    )
