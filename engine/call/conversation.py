"""The conversation of one call: greet, then listen, think and speak in turns until somebody ends it.

Before: `call.floor` demands. After: `call.answer` speaks one turn at a time. What can be demanded is a table; each
entry returns how the call ends, or None when it goes on.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import trio

from engine.call.answer import Answer, Answered, Say, Script
from engine.call.digits import OPERATOR
from engine.call.egress import Egress
from engine.call.floor import Demand, Floor, Pressed, Unheard
from engine.call.session import SessionKeeper
from engine.call.states import Outcome, State
from engine.call.telling import Telling
from engine.call.watchdog import Alarm
from engine.dialogue.agent import Agent
from engine.dialogue.cover import Silence
from engine.dialogue.endpointing import EndOfTurn
from engine.dialogue.expectations import expected_answer
from engine.dialogue.farewell import is_farewell
from engine.dialogue.history import History
from engine.dialogue.prompts import Texts
from engine.dialogue.reply import Reply
from engine.dialogue.tools.toolbox import Toolbox
from engine.speech.phrases import PhraseCache
from engine.speech.verbalize import verbalize


@dataclass(frozen=True, slots=True)
class Ending:
    """How the call ends; `reason` and `summary` are the operator's."""

    outcome: Outcome
    reason: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class PartBroken:
    """A part failed for good in mid-call."""

    part: str
    error: str


class Conversation:
    """Implements `FloorListener`; `run` is the call's main task."""

    def __init__(
        self, *, agent: Agent, tools: Toolbox, texts: Texts, greeting: str, voice: PhraseCache, egress: Egress,
        floor: Floor, telling: Telling, session: SessionKeeper, now: Callable[[], float],
    ) -> None:  # fmt: skip
        self.history = History()
        self._agent = agent
        self._tools = tools
        self._texts = texts
        self._greeting = greeting
        self._voice = voice
        self._egress = egress
        self._floor = floor
        self._tell = telling
        self._session = session
        self._answer: Answer | None = None
        self._unanswered = ""
        self._waiting_since: float | None = None
        self._now = now
        self._send, self._demands = trio.open_memory_channel[Demand | PartBroken](inf)
        self.gone = trio.Event()
        self.gone_reason = ""
        self._take_up: Mapping[type, Callable[[Any], Awaitable[Ending | None]]] = {
            EndOfTurn: self._on_turn,
            Pressed: self._on_pressed,
            Unheard: self._on_unheard,
            Silence: self._on_silence,
            Alarm: self._on_alarm,
            PartBroken: self._on_broken,
        }

    async def run(self) -> Ending:
        """Greet, then take up demands until one ends the call."""
        self._tell.move(State.GREETING)
        await self._speak(self._fixed(self._greeting, self._texts.phrases.notice))
        self._listen()
        while True:
            demand = await self._demands.receive()
            if (ending := await self._take_up[type(demand)](demand)) is not None:
                return ending
            self._listen()

    # What the floor reports; synchronous.

    def demand(self, demand: Demand) -> None:
        self._send.send_nowait(demand)
        if isinstance(demand, Alarm) and self._answer is not None:
            self._answer.interrupt()

    def interrupt(self, voiced_at: float, stopped_at: float) -> None:
        if self._answer is not None and self._tools.transfer is None:
            self._answer.interrupt()
            self._tell.interrupted("barge_in", voiced_at, stopped_at)

    def resumed(self, voiced_at: float, stopped_at: float) -> None:
        self._tell.interrupted("false", voiced_at, stopped_at)

    def fill(self, index: int) -> None:
        text = self._texts.filler(index)
        pcm = self._voice.cached(verbalize(text))
        if self._answer is not None and pcm is not None:
            self._answer.fill(text, pcm)

    def only_filled(self) -> bool:
        return self._answer is not None and self._answer.only_filled

    def give_up(self) -> None:
        self.broken("model", "no answer in time")

    def broken(self, part: str, error: str) -> None:
        """A part failed for good: apologise and hand over, now."""
        self._send.send_nowait(PartBroken(part, error))
        if self._answer is not None:
            self._answer.interrupt()

    def sound(self, audible: bool, now: float) -> None:
        if audible:
            self._tell.sound(now)
            if self._tell.state in (State.THINKING, State.LISTENING):
                self._tell.move(State.SPEAKING)

    def line_gone(self, reason: str) -> None:
        self.gone_reason = reason
        self.gone.set()

    # Demands.

    async def _on_turn(self, turn: EndOfTurn) -> Ending | None:
        amended = bool(self._unanswered)
        self._waiting_since = turn.last_voiced_at
        text = f"{self._unanswered} {turn.text}".strip()
        self._tell.caller_said(turn, text, amended=amended)
        if amended:
            self.history.amend_user(text)
        else:
            self.history.user(text)
        return await self._think(text)

    async def _on_pressed(self, pressed: Pressed) -> Ending | None:
        if pressed.digits == OPERATOR:
            return await self._hand_over(Outcome.TRANSFERRED, "customer_request", self._texts.phrases.transfer)
        text = self._texts.model.pressed.format(digits=pressed.digits)
        self.history.user(text)
        return await self._think(text)

    async def _on_unheard(self, _: Unheard) -> Ending | None:
        if self._unanswered:
            return await self._think(self._unanswered)
        await self._speak(self._fixed(self._texts.phrases.did_not_hear))
        return None

    async def _on_silence(self, silence: Silence) -> Ending | None:
        if silence is Silence.GOODBYE:
            await self._speak(self._fixed(self._texts.phrases.silence_goodbye))
            return Ending(Outcome.SILENCE)
        await self._speak(self._fixed(self._texts.silence[self._floor.expectation]))
        return None

    async def _on_alarm(self, alarm: Alarm) -> Ending | None:
        if alarm is Alarm.NO_MEDIA:
            return Ending(Outcome.CALLER_HUNG_UP, alarm)
        return await self._hand_over(Outcome.TRANSFERRED, alarm, self._texts.phrases.transfer)

    async def _on_broken(self, broken: PartBroken) -> Ending | None:
        self._tell.failed(broken.part, broken.error)
        return await self._hand_over(Outcome.FAILED_OVER, f"{broken.part}_failed", self._texts.phrases.apology)

    # Speaking.

    async def _think(self, text: str) -> Ending | None:
        self._unanswered = ""
        self._tell.move(State.THINKING)
        self._tools.caller_said(text)
        answered = await self._speak(self._agent_script)
        if self._tools.transfer is not None:
            transfer = self._tools.transfer
            phrase = "" if answered.heard and not answered.interrupted else self._texts.phrases.transfer
            return await self._hand_over(Outcome.TRANSFERRED, transfer.reason, phrase, transfer.summary)
        if answered.interrupted and not answered.heard:
            self._unanswered = text
        if is_farewell(answered.heard) and not answered.interrupted:
            return Ending(Outcome.COMPLETED)
        return None

    async def _agent_script(self, reply: Reply, say: Say) -> None:
        await self._agent.reply(self.history, reply, say, self._tell.agent)

    def _fixed(self, *texts: str) -> Script:
        async def script(reply: Reply, say: Say) -> None:
            for text in texts:
                reply.say(text)
                say(text)

        return script

    async def _speak(self, script: Script) -> Answered:
        answer = Answer(self._tell.turn, self.history.begin_reply(), self._egress, self._voice)
        self._answer = answer
        self._floor.answering(self._waiting_since or self._now())
        self._waiting_since = None
        try:
            await answer.run(script)
        finally:
            self._answer = None
            self._floor.listening(self._now())
            self._tell.tools(self._tools.calls)
            self._tell.bot_said(answer.result)
            self._tools.bot_said(answer.result.heard)
            self._floor.expect(expected_answer(answer.result.heard))
        if (failure := answer.result.failure) is not None:
            self.broken(failure.vendor, str(failure))
        return answer.result

    async def _hand_over(self, outcome: Outcome, reason: str, phrase: str, summary: str = "") -> Ending:
        """Say so, then leave the caller to the dialplan. Not interruptible, and no failure stops it."""
        self._tell.move(State.TRANSFERRING)
        self._floor.interruptible = False
        if phrase:
            await self._speak(self._fixed(phrase))
        return Ending(outcome, reason, summary)

    def _listen(self) -> None:
        self._tell.move(State.LISTENING)
        self._session.update({"state": self._tell.state, "turn": self._tell.turn, "history": self.history.to_json()})
