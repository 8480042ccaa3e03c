"""Which instructions a new call is held under: by the shares of the active versions, the program's own for the rest.

A call must not wait for it: the choice is made from memory, brought up to date behind its back. A database that is away
changes nothing: what was chosen from last is chosen from.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import trio

from engine.database import Runner
from engine.errors import DatabaseError
from engine.log import get_logger
from engine.records.prompt_versions import PromptVersion, active

log = get_logger("records.prompts")

_LOOK_SECONDS: Final = 5.0
_PARTS: Final = 2**32


def choose(shares: Mapping[PromptVersion, float], packaged: PromptVersion, call_id: UUID) -> PromptVersion:
    """The same call always gets the same. Pure."""
    place = (call_id.int % _PARTS) / _PARTS
    for version, share in shares.items():
        if place < share:
            return version
        place -= share
    return packaged


class PromptChoice:
    """One per process. `packaged`: what comes with the program."""

    def __init__(self, packaged: PromptVersion) -> None:
        self._packaged = packaged
        self._shares: Mapping[PromptVersion, float] = {}

    def __call__(self, call_id: UUID) -> PromptVersion:
        return choose(self._shares, self._packaged, call_id)

    async def look(self, runner: Runner) -> None:
        """Once. Raises `DatabaseError`."""
        found = await active(runner)
        ours = {version: share for version, share in found.items() if version.language == self._packaged.language}
        if ours != self._shares:
            log.info("prompt_shares", shares={version.id: share for version, share in ours.items()})
        self._shares = ours

    async def run(self, runner: Runner, *, every: float = _LOOK_SECONDS) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(runner)
            except DatabaseError as error:
                log.debug("prompt_shares_unknown", error=str(error))
            await trio.sleep(every)
