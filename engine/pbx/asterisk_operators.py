"""The shop's operators: by the hours in the settings, and behind an Asterisk whose manager can be asked.

Before: `call` asks whoever is its `Operators`. After: `ami`, which may be away; then the dialplan has the caller.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import trio

from engine.config import OperatorsConfig
from engine.errors import AmiError, LocalProtocolError
from engine.log import get_logger
from engine.pbx.ami_connection import Asker
from engine.pbx.hours import in_words, is_open
from engine.pbx.operators import Handover, Operators, Presence, TransferResult
from engine.pbx.queue import members_ready, queue_status
from engine.pbx.transfer import transfer

log = get_logger("pbx.operators")

_ANSWER_SECONDS: Final = 0.25
"""Of the 300 ms that a call waits for an answer."""
_FRESH_SECONDS: Final = 2.0


class AsteriskOperators:
    """Implements `Operators`, at any time of day."""

    hours = ""

    def __init__(
        self, ami: Asker, config: OperatorsConfig, *, now: Callable[[], float] = trio.current_time
    ) -> None:  # `now`: monotonic seconds
        self._ami = ami
        self._config = config
        self._now = now
        self._known = Presence.AVAILABLE
        self._known_until = -1.0

    async def presence(self) -> Presence:
        """What the queue said within the last seconds, or says now."""
        if self._now() >= self._known_until:
            self._known = await self._ask_queue()
            self._known_until = self._now() + _FRESH_SECONDS
        return self._known

    async def transfer(self, call_id: UUID, channel: str, handover: Handover) -> TransferResult:
        """See `engine.pbx.transfer`."""
        result = await transfer(self._ami, self._config.context, call_id, channel, handover)
        log.info(
            "transfer", call_id=call_id, channel=channel, reason=handover.reason, outcome=result.outcome,
            detail=result.detail,
        )  # fmt: skip
        return result

    async def _ask_queue(self) -> Presence:
        """Who does not answer is not absent: the queue itself knows what to do with a caller."""
        ready: int | None = None
        try:
            with trio.move_on_after(_ANSWER_SECONDS) as patience:
                ready = members_ready(await self._ami.ask(queue_status(self._config.queue)))
            if ready is None and not patience.cancelled_caught:
                log.warning("no_such_queue", queue=self._config.queue, variable="OPERATORS_QUEUE")
        except (AmiError, LocalProtocolError) as error:
            log.info("queue_not_asked", error=str(error))
        return Presence.NOBODY if ready == 0 else Presence.AVAILABLE


class WithinHours:
    """`Operators` of a shop with hours: outside them nobody is there, whoever has forgotten to log out. A caller whom
    the bot cannot serve is handed over at any time: better a queue that says so than no way at all."""

    def __init__(self, operators: Operators, config: OperatorsConfig, wall_clock: Callable[[], datetime]) -> None:
        self._operators = operators
        self._config = config
        self._wall_clock = wall_clock

    @property
    def hours(self) -> str:
        """In words, with the holidays that are near."""
        return in_words(self._config.hours, self._config.holidays, self._wall_clock().date())

    async def presence(self) -> Presence:
        if not is_open(self._config.hours, self._config.holidays, self._wall_clock()):
            return Presence.CLOSED
        return await self._operators.presence()

    async def transfer(self, call_id: UUID, channel: str, handover: Handover) -> TransferResult:
        return await self._operators.transfer(call_id, channel, handover)
