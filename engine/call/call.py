"""One call, from its first frame to its end, in one nursery: nothing outlives it.

The page reads in the order a call goes: claim it, wire its parts together, run its tasks, say how it ended.
"""

from dataclasses import dataclass

import trio

from engine import metrics
from engine.call.conversation import Conversation
from engine.call.egress import Egress
from engine.call.events import CallStarted
from engine.call.floor import Floor
from engine.call.guard import Guard
from engine.call.ingress import Ingress
from engine.call.services import Services
from engine.call.session import SessionKeeper
from engine.call.speaker import Speaker
from engine.call.states import Ending, Outcome, outcome_of_loss
from engine.call.telling import Telling
from engine.dialogue.agent import Agent
from engine.dialogue.history import History
from engine.dialogue.tools.toolbox import Toolbox
from engine.errors import RecognizerError
from engine.log import bind_call
from engine.media.jitter import JitterBuffer
from engine.pbx.registry import NextStep, Registration
from engine.speech.base import Transcript
from engine.speech.metered import MeteredVoice
from engine.transport.base import MediaTransport


@dataclass(frozen=True, slots=True)
class _Parts:
    ingress: Ingress
    egress: Egress
    floor: Floor
    conversation: Conversation
    telling: Telling
    tools: Toolbox
    session: SessionKeeper

    def tick(self, now: float) -> None:
        """With each frame out."""
        self.ingress.tick(now)
        self.floor.tick(now)


async def run_call(transport: MediaTransport, services: Services) -> Ending:
    """Hold the conversation on `transport` and close it. Raises nothing but what is a bug of ours, and then, too, the
    caller has been left to an operator."""
    registration = _claim(transport, services)
    if registration is None:
        await transport.close("refused")
        metrics.CALLS.labels(Outcome.REFUSED).inc()
        return Ending(Outcome.REFUSED, "unregistered")
    with bind_call(transport.call_id), metrics.CALLS_ACTIVE.track_inprogress():
        ending = Ending(Outcome.FAILED_OVER, "cut_short")  # by a bug, or by the end of the drain
        try:
            parts = _wire(transport, services, registration)
            try:
                ending = await _run(transport, services, parts)
            finally:
                _tell_end(parts, ending)
        finally:
            await _release(transport, services, ending)
    return ending


def _claim(transport: MediaTransport, services: Services) -> Registration | None:
    """What the dialplan announced; a call that nobody announced only where the configuration lets it in."""
    registry, call_id = services.registry, transport.call_id
    registration = registry.claim(call_id)
    if registration is None and services.call.accept_unregistered and registry.register(call_id) == "accept":
        return registry.claim(call_id)
    return registration


def _wire(transport: MediaTransport, services: Services, registration: Registration) -> _Parts:
    call_id, texts, now = transport.call_id, services.texts, services.now
    telling = Telling(call_id, services.observe, now, services.costs, services.model_name)
    ingress = Ingress(JitterBuffer(), services.make_vad(), transport.has_unread)
    egress = Egress(transport, services.clock, now)
    floor = Floor(services.turn, services.call, ingress, egress, now())
    tools = services.make_tools(call_id, registration.caller)
    session = SessionKeeper(services.sessions, call_id)
    history, prompt = History(), texts.prompt(max_tokens=services.max_tokens)
    conversation = Conversation(
        agent=Agent(services.model, tools, prompt, services.wall_clock().date()), tools=tools, texts=texts,
        greeting=texts.greeting.at(services.wall_clock().time()), history=history, floor=floor, telling=telling,
        speaker=Speaker(history=history, tools=tools, voice=MeteredVoice(services.voice, telling.sent_to_voice),
                        egress=egress, floor=floor, telling=telling, now=now),
        session=session,
    )  # fmt: skip
    floor.report_to(conversation)
    services.observe(
        CallStarted(
            call_id, services.wall_clock(), registration.caller, registration.called or None, transport.peer,
            registration.channel or None, registration.intent, services.prompt_version,
        )
    )  # fmt: skip
    return _Parts(ingress, egress, floor, conversation, telling, tools, session)


async def _run(transport: MediaTransport, services: Services, parts: _Parts) -> Ending:
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
    reason = parts.conversation.gone_reason
    return ending or Ending(outcome_of_loss(reason), reason)


async def _recognise(services: Services, parts: _Parts) -> None:
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


async def _watch_line(parts: _Parts, scope: trio.CancelScope) -> None:
    await parts.conversation.gone.wait()
    scope.cancel()


def _tell_end(parts: _Parts, ending: Ending) -> None:
    parts.egress.stop()
    parts.floor.retire()
    parts.telling.ended(ending)
    jitter = parts.ingress.jitter.statistics()
    for fate in ("popped", "late", "lost", "gaps", "underruns", "concealed", "dropped"):
        metrics.JITTER.labels(fate).inc(getattr(jitter, fate))


async def _release(transport: MediaTransport, services: Services, ending: Ending) -> None:
    """The verdict first: the dialplan asks for it as soon as the line is released."""
    call_id = transport.call_id
    next_step: NextStep = "operator" if ending.outcome.wants_operator else "hangup"
    services.registry.finish(call_id, next_step, ending.reason, ending.summary)
    with trio.CancelScope(shield=True):
        await transport.close(ending.outcome)
        await services.sessions.remove(call_id)
