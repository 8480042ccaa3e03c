"""The shop's operators as a test wants them."""

from uuid import UUID

import trio

from engine.pbx.operators import Handover, Presence, Transferred, TransferResult

HOURS = "щодня з 9:00 до 20:00"


class Desk:
    """Implements `Operators`. `takes`: seconds a transfer takes; `answers`: what comes of it."""

    hours = HOURS

    def __init__(self) -> None:
        self.is_there = Presence.AVAILABLE
        self.takes = 0.0
        self.answers = TransferResult(Transferred.LEFT_TO_DIALPLAN)
        self.asked: list[tuple[float, str, Handover]] = []
        """When, for which channel, with which words."""
        self.cancelled = 0

    async def presence(self) -> Presence:
        await trio.lowlevel.checkpoint()
        return self.is_there

    async def transfer(self, call_id: UUID, channel: str, handover: Handover) -> TransferResult:
        self.asked.append((trio.current_time(), channel, handover))
        try:
            await trio.sleep(self.takes)
        except trio.Cancelled:
            self.cancelled += 1
            raise
        return self.answers
