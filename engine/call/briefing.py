"""What the operator hears before the caller is put through: the summary of that call, spoken, and nothing else.

The dialplan connects the operator's leg for a moment, announced as `briefing_of` the caller's. No recognition, no
model, no record. Whatever goes wrong, the operator gets the caller without a word: it is never worth a wait.
"""

from functools import partial
from typing import Final
from uuid import UUID

import trio

from engine.call.egress import Egress
from engine.call.guard import Guard
from engine.call.services import Services
from engine.call.states import Ending, Outcome
from engine.call.voice import Utterance
from engine.errors import SynthesizerError
from engine.log import get_logger
from engine.transport.base import MediaTransport
from engine.wire.events import Closed, MediaEvent

log = get_logger("call.briefing")

_SECONDS: Final = 20.0
"""The caller is waiting meanwhile."""
_CHARACTERS: Final = 240
_UTTERANCE: Final = 1


async def brief(transport: MediaTransport, services: Services, briefing_of: UUID) -> Ending:
    """Speak, and be done; sooner if the operator hangs up or the voice does not come."""
    summary = shortened((await services.registry.next(briefing_of)).summary)
    spoken = False
    if summary:
        spoken = await _speak(transport, services, services.texts.operators.briefing.format(summary=summary))
    log.info("operator_briefed", briefing_of=str(briefing_of), characters=len(summary), spoken=spoken)
    return Ending(Outcome.COMPLETED)


def shortened(summary: str) -> str:
    """Whole sentences, as many as are soon said; of one that is too long itself, its beginning."""
    if len(summary) <= _CHARACTERS:
        return summary
    head = summary[:_CHARACTERS]
    end = max(head.rfind(stop) for stop in (". ", "! ", "? ", "; "))
    return head[: end + 1] if end > 0 else head.rsplit(" ", 1)[0]


async def _speak(transport: MediaTransport, services: Services, text: str) -> bool:
    """Whether it was heard to its end."""
    egress, guard = Egress(transport, services.clock, services.now), Guard()
    utterance = Utterance(egress, services.voice)
    egress.playout.begin(_UTTERANCE)
    utterance.say(text)
    utterance.done()
    is_heard = False
    with trio.move_on_after(_SECONDS) as scope:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(guard.run, name="guard")
                egress.start(guard(_nothing_due), guard(_nothing_told))
                transport.start(guard(partial(_sink, scope)))
                await utterance.speak()
                await egress.wait_played()
                is_heard = True
                nursery.cancel_scope.cancel()
        except* SynthesizerError as group:
            log.warning("briefing_failed", error=str(group.exceptions[0]))
        finally:
            egress.stop()
    return is_heard


def _nothing_due(now: float) -> None:
    """Nobody is listened to: no time is counted."""


def _nothing_told(audible: bool, now: float) -> None:
    """Nobody else wants to know when the voice is heard."""


def _sink(scope: trio.CancelScope, event: MediaEvent, now: float) -> None:
    if isinstance(event, Closed):
        scope.cancel()
