"""The parts of one call, wired together. What each is handed here is all it knows of the others."""

from dataclasses import dataclass

from engine.call.conversation import Conversation
from engine.call.egress import Egress
from engine.call.floor import Floor
from engine.call.ingress import Ingress
from engine.call.leaving import Leaving
from engine.call.line_end import LineEnd
from engine.call.progress import Progress
from engine.call.services import Services
from engine.call.session import SessionKeeper
from engine.call.speaker import Speaker
from engine.call.telling import Telling
from engine.dialogue.agent import Agent
from engine.dialogue.history import History
from engine.dialogue.tools.toolbox import Toolbox
from engine.media.jitter import JitterBuffer
from engine.pbx.registry import Registration
from engine.speech.metered import MeteredVoice
from engine.transport.base import MediaTransport


@dataclass(frozen=True, slots=True)
class Parts:
    ingress: Ingress
    egress: Egress
    floor: Floor
    conversation: Conversation
    telling: Telling
    tools: Toolbox
    session: SessionKeeper
    line: LineEnd

    def tick(self, now: float) -> None:
        """With each frame out."""
        self.ingress.tick(now)
        self.floor.tick(now)


def wire(transport: MediaTransport, services: Services, registration: Registration) -> Parts:
    """In the order the audio moves; nothing runs yet."""
    call_id, texts, now = transport.call_id, services.texts, services.now
    telling = Telling(call_id, services.observe, now, services.costs, services.model_name)
    ingress = Ingress(JitterBuffer(), services.make_vad(), transport.has_unread)
    egress = Egress(transport, services.clock, now)
    floor = Floor(services.turn, services.call, ingress, egress, now())
    tools = services.make_tools(call_id, registration.caller)
    session, history, line = _session(services, registration), History(), LineEnd()
    progress = Progress(telling, session, history)
    speaker = Speaker(
        history=history, tools=tools, voice=MeteredVoice(services.voice, telling.sent_to_voice), egress=egress,
        floor=floor, telling=telling, now=now,
    )  # fmt: skip
    leaving = Leaving(
        call_id=call_id, channel=registration.channel, operators=services.operators,
        sorry=texts.phrases.transfer_failed, speaker=speaker, floor=floor, tools=tools, telling=telling,
        progress=progress, line=line,
    )  # fmt: skip
    opening = texts.opening(services.wall_clock().time(), registration.intent)
    tools.note(opening.note)
    if opening.nobody_there:
        tools.nobody_answered()
    prompt = texts.prompt(services.instructions(call_id).text, max_tokens=services.max_tokens)
    conversation = Conversation(
        agent=Agent(services.model, tools, prompt, services.wall_clock().date()), tools=tools, texts=texts,
        opening=opening, history=history, floor=floor, telling=telling, speaker=speaker, progress=progress,
        leaving=leaving, line=line,
    )  # fmt: skip
    floor.report_to(conversation)
    return Parts(ingress, egress, floor, conversation, telling, tools, session, line)


def _session(services: Services, registration: Registration) -> SessionKeeper:
    facts = {"caller": registration.caller, "started_at": services.wall_clock().isoformat()}
    return SessionKeeper(services.sessions, registration.uuid, facts)
