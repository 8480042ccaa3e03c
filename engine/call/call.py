"""One call, from its first frame to its end, in one nursery: nothing outlives it.

The page reads in the order a call goes: claim it, wire its parts together, run its tasks, say how it ended.
"""

from uuid import UUID

import trio

from engine import metrics
from engine.call.briefing import brief
from engine.call.events import CallStarted
from engine.call.guard import Guard
from engine.call.services import Services
from engine.call.states import Ending, Outcome, outcome_of_loss
from engine.call.wiring import Parts, wire
from engine.errors import RecognizerError
from engine.log import bind_call
from engine.pbx.registry import NextStep, Registration
from engine.speech.base import Transcript
from engine.transport.base import MediaTransport


async def run_call(transport: MediaTransport, services: Services) -> Ending:
    """Hold the conversation on `transport` and close it. Raises nothing but what is a bug of ours, and then, too, the
    caller has been left to an operator."""
    unannounced = services.call.accept_unregistered
    registration = await services.registry.claim(transport.call_id, unannounced=unannounced)
    if registration is None:
        await transport.close("refused")
        metrics.CALLS.labels(Outcome.REFUSED).inc()
        return Ending(Outcome.REFUSED, "unregistered")
    if registration.briefing_of is not None:
        return await _brief(transport, services, registration.briefing_of)
    with bind_call(transport.call_id), metrics.CALLS_ACTIVE.track_inprogress():
        ending = Ending(Outcome.FAILED_OVER, "cut_short")  # by a bug, or by the end of the drain
        try:
            parts = wire(transport, services, registration)
            _tell_start(transport, services, registration)
            try:
                with services.live.joined(transport.call_id, parts.conversation.demand):
                    ending = await _run(transport, services, parts)
            finally:
                _tell_end(parts, ending)
        finally:
            await _release(transport, services, ending)
    return ending


async def _brief(transport: MediaTransport, services: Services, briefing_of: UUID) -> Ending:
    """Not a caller but the operator who is about to get one: nothing of it goes on record."""
    ending = Ending(Outcome.FAILED_OVER, "cut_short")
    try:
        with bind_call(transport.call_id):
            ending = await brief(transport, services, briefing_of)
    finally:
        await _release(transport, services, ending)
    return ending


async def _run(transport: MediaTransport, services: Services, parts: Parts) -> Ending:
    ending: Ending | None = None
    guard = Guard()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(guard.run, name="guard")
        parts.egress.start(guard(parts.tick), guard(parts.floor.sound))
        transport.start(guard(parts.ingress.sink))
        nursery.start_soon(_recognise, services, parts, name="recognise")
        nursery.start_soon(parts.session.run, name="session")
        nursery.start_soon(parts.tools.recall, name="recall")
        nursery.start_soon(_watch_line, parts, nursery.cancel_scope, name="line")
        ending = await parts.conversation.run()
        nursery.cancel_scope.cancel()
    reason = parts.line.reason
    return ending or Ending(outcome_of_loss(reason), reason)


async def _recognise(services: Services, parts: Parts) -> None:
    """Caller audio to words, for the whole call; open before the greeting, or the first words come in a burst."""
    error = "the stream ended by itself"
    try:
        async with services.recognizer.stream(phrases=services.phrases) as stream:
            parts.telling.listens(stream)
            parts.ingress.attach(stream)
            async for event in stream.events():
                if isinstance(event, Transcript):
                    parts.floor.words(event, services.now())
    except RecognizerError as failure:
        error = str(failure)
    parts.conversation.broken("recognizer", error)


async def _watch_line(parts: Parts, scope: trio.CancelScope) -> None:
    await parts.line.gone.wait()
    scope.cancel()


def _tell_start(transport: MediaTransport, services: Services, registration: Registration) -> None:
    services.observe(
        CallStarted(
            transport.call_id, services.wall_clock(), registration.caller, registration.called or None, transport.peer,
            registration.channel or None, registration.intent, services.instructions(transport.call_id).id,
        )
    )  # fmt: skip


def _tell_end(parts: Parts, ending: Ending) -> None:
    parts.egress.stop()
    parts.floor.retire()
    parts.telling.ended(ending)
    jitter = parts.ingress.jitter.statistics()
    for fate in ("popped", "late", "lost", "gaps", "underruns", "concealed", "dropped"):
        metrics.JITTER.labels(fate).inc(getattr(jitter, fate))


async def _release(transport: MediaTransport, services: Services, ending: Ending) -> None:
    """The verdict first: the dialplan asks for it as soon as the line is released."""
    call_id = transport.call_id
    next_step: NextStep = "operator" if ending.wants_operator else "hangup"
    with trio.CancelScope(shield=True):
        await services.registry.finish(call_id, next_step, ending.reason, ending.summary)
        await transport.close(ending.outcome)
        await services.sessions.remove(call_id)
