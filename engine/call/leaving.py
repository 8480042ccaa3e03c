"""How a caller leaves us for an operator: it is said, heard to its last frame, and only then does the PBX take them.

Before: `call.conversation`, which wishes it. After: `pbx.operators`, or the dialplan once the line is closed. Where
nobody takes the caller over, a wish that is not final ends in words, and the conversation goes on.
"""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

import trio

from engine.call.floor import Floor
from engine.call.line_end import LineEnd
from engine.call.progress import Progress
from engine.call.speaker import Speaker
from engine.call.states import Ending, Outcome, State, outcome_of_loss
from engine.call.telling import Telling
from engine.dialogue.tools.toolbox import Toolbox
from engine.pbx.operators import Handover, Operators, Transferred


@dataclass(frozen=True, slots=True)
class Wish:
    """To hand the caller over. `ending`: how the call ends then, with what the operator is told."""

    ending: Ending
    phrase: str = ""
    """The announcement; empty: it has been heard."""
    is_final: bool = True
    """We cannot go on: a caller whom nobody takes over is left to the dialplan."""


class Leaving:
    """One call's. `hand_over` from the call's main task."""

    def __init__(
        self, *, call_id: UUID, channel: str, operators: Operators, sorry: str, speaker: Speaker, floor: Floor,
        tools: Toolbox, telling: Telling, progress: Progress, line: LineEnd,
    ) -> None:  # fmt: skip
        """`channel`: the PBX's name of the caller's leg; `sorry`: said when a transfer has failed."""
        self._call_id = call_id
        self._channel = channel
        self._operators = operators
        self._sorry = sorry
        self._speaker = speaker
        self._floor = floor
        self._tools = tools
        self._tell = telling
        self._progress = progress
        self._line = line
        self.is_under_way = False
        """What is being said is not to be interrupted."""

    async def hand_over(self, wish: Wish) -> Ending | None:
        """Not interruptible, and no failure stops it. None: the caller is still with us."""
        self.is_under_way = True
        self._floor.keep()
        self._progress.enter(State.TRANSFERRING)
        if wish.phrase:
            await self._say(wish.phrase)
        ending = await self._transfer(wish)
        if ending is None:
            await self._stay()
        return ending

    async def _transfer(self, wish: Wish) -> Ending | None:
        asked_at, handover = trio.current_time(), Handover(wish.ending.reason, wish.ending.summary)
        result = await self._line.during(partial(self._operators.transfer, self._call_id, self._channel, handover))
        self._tell.transferred(handover.reason, result, (trio.current_time() - asked_at) * 1000)
        if result.outcome is Transferred.REACHED_QUEUE:
            return wish.ending
        if self._line.reason:
            return Ending(outcome_of_loss(self._line.reason), self._line.reason)
        if result.outcome is Transferred.CALLER_GONE:
            return Ending(Outcome.CALLER_HUNG_UP, "gone_before_transfer")
        return wish.ending if wish.is_final or result.outcome is Transferred.LEFT_TO_DIALPLAN else None

    async def _stay(self) -> None:
        self.is_under_way = False
        self._floor.release()
        self._tools.transfer_failed()
        self._progress.enter(State.LISTENING)
        await self._say(self._sorry)

    async def _say(self, phrase: str) -> None:
        answered = await self._speaker.say(phrase)
        if answered.failure is not None:
            self._tell.failed("synthesizer", str(answered.failure))
