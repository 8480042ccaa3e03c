"""One call, from its first frame to its end, in one nursery: nothing outlives it.

The page reads in the order a call goes: claim it, wire its parts together, run its tasks, say how it ended.
"""

from dataclasses import dataclass

import trio

from engine import metrics
from engine.call.conversation import Conversation, Ending
from engine.call.egress import Egress
from engine.call.events import CallEnded, CallStarted
from engine.call.floor import Floor
from engine.call.ingress import Ingress
from engine.call.services import Services
from engine.call.session import SessionKeeper
from engine.call.states import Outcome, State
from engine.call.telling import Telling
from engine.dialogue.agent import Agent
from engine.errors import RecognizerError
from engine.log import bind_call
from engine.media.jitter import JitterBuffer, JitterStatistics
from engine.pbx.registry import Registration
from engine.speech.base import Transcript
from engine.transport.base import MediaTransport


@dataclass(frozen=True, slots=True)
class _Parts:
    ingress: Ingress
    egress: Egress
    floor: Floor
    conversation: Conversation
    telling: Telling
    session: SessionKeeper


async def run_call(transport: MediaTransport, services: Services) -> Ending:
    """Hold the conversation on `transport` and close it. Raises nothing but what is a bug of ours."""
    registration = _claim(transport, services)
    if registration is None:
        await transport.close("refused")
        metrics.CALLS.labels(Outcome.REFUSED).inc()
        return Ending(Outcome.REFUSED, "unregistered")
    with bind_call(transport.call_id), metrics.CALLS_ACTIVE.track_inprogress():
        parts = _wire(transport, services, registration)
        ending = Ending(Outcome.FAILED_OVER, "internal_error")
        try:
            ending = await _run(transport, services, parts)
        finally:
            with trio.CancelScope(shield=True):
                await _finish(transport, services, parts, ending)
    return ending


def _claim(transport: MediaTransport, services: Services) -> Registration | None:
    """What the dialplan announced; a call that nobody announced only where the configuration lets it in."""
    registry, call_id = services.registry, transport.call_id
    registration = registry.claim(call_id)
    if registration is None and services.call.accept_unregistered and registry.register(call_id) == "accept":
        return registry.claim(call_id)
    return registration


def _wire(transport: MediaTransport, services: Services, registration: Registration) -> _Parts:
    telling = Telling(transport.call_id, services.observe, services.now)
    services.observe(
        CallStarted(
            transport.call_id, services.wall_clock(), registration.caller, registration.called, transport.peer
        )
    )  # fmt: skip
    ingress = Ingress(JitterBuffer(), services.make_vad())
    egress = Egress(transport, services.clock, services.now)
    floor = Floor(services.turn, services.call, ingress, egress, services.now())
    tools = services.make_tools(transport.call_id, registration.caller)
    session = SessionKeeper(services.sessions, transport.call_id)
    conversation = Conversation(
        agent=Agent(services.model, tools, services.texts.prompt(max_tokens=services.max_tokens)), tools=tools,
        texts=services.texts, greeting=services.texts.greeting.at(services.wall_clock().time()), voice=services.voice,
        egress=egress, floor=floor,
        telling=telling, session=session, now=services.now,
    )  # fmt: skip
    floor.report_to(conversation)
    return _Parts(ingress, egress, floor, conversation, telling, session)


async def _run(transport: MediaTransport, services: Services, parts: _Parts) -> Ending:
    ending: Ending | None = None
    async with trio.open_nursery() as nursery:
        parts.egress.start(parts.ingress.tick, parts.floor.tick, on_sound=parts.floor.sound)
        transport.start(parts.ingress.sink)
        nursery.start_soon(_recognise, services, parts, name="recognise")
        nursery.start_soon(parts.session.run, name="session")
        nursery.start_soon(_watch_line, parts, nursery.cancel_scope, name="line")
        ending = await parts.conversation.run()
        nursery.cancel_scope.cancel()
    return ending or Ending(Outcome.CALLER_HUNG_UP, parts.conversation.gone_reason)


async def _recognise(services: Services, parts: _Parts) -> None:
    """Caller audio to words, for the whole call; open before the greeting, or the first words come in a burst."""
    try:
        async with services.recognizer.stream(phrases=services.phrases) as stream:
            parts.ingress.attach(stream)
            async for event in stream.events():
                if isinstance(event, Transcript):
                    parts.floor.words(event, services.now())
    except RecognizerError as error:
        parts.conversation.broken("recognizer", str(error))


async def _watch_line(parts: _Parts, scope: trio.CancelScope) -> None:
    await parts.conversation.gone.wait()
    scope.cancel()


async def _finish(transport: MediaTransport, services: Services, parts: _Parts, ending: Ending) -> None:
    """Everything is told before the line is released: the dialplan asks as soon as it is."""
    parts.egress.stop()
    parts.telling.move(State.ENDED)
    elapsed = parts.telling.elapsed
    services.registry.finish(
        transport.call_id, "operator" if ending.outcome.wants_operator else "hangup", ending.reason, ending.summary
    )
    services.observe(CallEnded(transport.call_id, elapsed, ending.outcome, ending.reason, ending.summary))
    _count_jitter(parts.ingress.jitter.statistics())
    await transport.close(ending.outcome)
    await parts.session.remove()


def _count_jitter(jitter: JitterStatistics) -> None:
    for fate in ("popped", "late", "lost", "gaps", "underruns", "concealed", "dropped"):
        metrics.JITTER.labels(fate).inc(getattr(jitter, fate))
