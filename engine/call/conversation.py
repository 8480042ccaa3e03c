"""The conversation of one call: greet, then listen, think and speak in turns until somebody ends it.

Before: `call.floor` demands. After: `call.speaker` says one thing at a time. What can be demanded is a table; each
entry returns how the call ends, or None when it goes on.
"""

from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any, Final

import trio

from engine.call.answer import Answered, Say
from engine.call.demands import CUTS_IN, Demand, Drained, HungUp, PartBroken, Pressed, Unheard
from engine.call.digits import OPERATOR
from engine.call.floor import Floor
from engine.call.leaving import Leaving, Wish
from engine.call.line_end import LineEnd
from engine.call.progress import Progress
from engine.call.speaker import Speaker
from engine.call.states import Ending, Outcome, State
from engine.call.telling import Telling
from engine.call.watchdog import Alarm
from engine.dialogue.agent import Agent
from engine.dialogue.agent_events import AgentEvent, ToolFinished
from engine.dialogue.cover import Silence
from engine.dialogue.endpointing import EndOfTurn
from engine.dialogue.farewell import is_farewell
from engine.dialogue.history import History
from engine.dialogue.prompts import Opening, Texts
from engine.dialogue.reply import Reply
from engine.dialogue.tools.toolbox import Toolbox
from engine.errors import SynthesizerError
from engine.pbx.operators import Presence


class Conversation:
    """Implements `FloorListener`; `run` is the call's main task."""

    def __init__(
        self, *, agent: Agent, tools: Toolbox, texts: Texts, opening: Opening, history: History, speaker: Speaker,
        floor: Floor, telling: Telling, progress: Progress, leaving: Leaving, line: LineEnd,
    ) -> None:  # fmt: skip
        self._history = history
        self._agent = agent
        self._tools = tools
        self._texts = texts
        self._opening = opening
        self._speaker = speaker
        self._floor = floor
        self._tell = telling
        self._progress = progress
        self._leaving = leaving
        self._line = line
        self._unanswered = ""
        self._last_words = ""
        self._send, self._demands = trio.open_memory_channel[Demand](inf)

    async def run(self) -> Ending:
        """Greet, then take up demands until one ends the call."""
        self._progress.enter(State.GREETING)
        await self._say(*self._opening.phrases)
        if self._opening.wants_operator and (ending := await self._find_operator()) is not None:
            return ending
        while True:
            self._progress.enter(State.LISTENING)
            demand = await self._demands.receive()
            if (ending := await _TAKE_UP[type(demand)](self, demand)) is not None:
                return ending

    # What the floor reports; synchronous.

    def demand(self, demand: Demand) -> None:
        if self._leaving.is_under_way and isinstance(demand, Pressed) and demand.digits == OPERATOR:
            return  # that is what is being done
        self._send.send_nowait(demand)
        if isinstance(demand, CUTS_IN) and not self._leaving.is_under_way:
            self._speaker.interrupt()

    def interrupt(self, voiced_at: float, stopped_at: float) -> None:
        if self._speaker.interrupt():
            self._tell.interrupted("barge_in", voiced_at, stopped_at)

    def call_off(self) -> None:
        self._speaker.interrupt()

    def resumed(self, voiced_at: float, stopped_at: float) -> None:
        self._tell.interrupted("false", voiced_at, stopped_at)

    def fill(self, index: int) -> None:
        self._speaker.fill(self._texts.filler(index))

    def plays_filler(self) -> bool:
        return self._speaker.plays_filler

    def give_up(self) -> None:
        self.broken("synthesizer" if self._speaker.awaits_voice else "model", "no answer in time")
        self._speaker.interrupt()  # also a last phrase: better to leave than to leave the caller in silence

    def broken(self, part: str, error: str) -> None:
        """A part failed for good: apologise and hand over, now."""
        self._tell.failed(part, error)
        self.demand(PartBroken(part))

    def sound(self, audible: bool, now: float) -> None:
        if audible:
            self._tell.sound(now, filler=self._speaker.plays_filler)
            if self._tell.state in (State.THINKING, State.LISTENING):
                self._tell.move(State.SPEAKING)

    def line_gone(self, reason: str) -> None:
        self._line.happened(reason)

    # Demands.

    async def _on_turn(self, turn: EndOfTurn) -> Ending | None:
        amended = bool(self._unanswered)
        text = f"{self._unanswered} {turn.text}".strip()
        self._tell.caller_said(turn, text, amended=amended)
        self._last_words = text
        if amended:
            self._history.amend_user(text)
        else:
            self._history.user(text)
        if self._is_more_waiting:
            self._unanswered = text
            return None
        return await self._think(text, turn.last_voiced_at)

    async def _on_pressed(self, pressed: Pressed) -> Ending | None:
        text = self._texts.model.pressed.format(digits=pressed.digits)
        self._tell.caller_pressed(text, pressed.at)
        self._history.user(text)
        if pressed.digits == OPERATOR:
            return await self._find_operator()
        self._last_words = text
        return await self._think(text, pressed.at)

    async def _on_unheard(self, _: Unheard) -> Ending | None:
        if self._is_more_waiting:
            return None
        if self._unanswered:
            return await self._think(self._unanswered)
        self._heed(await self._speaker.ask_again(self._texts.phrases.did_not_hear))
        return None

    async def _on_silence(self, silence: Silence) -> Ending | None:
        if self._is_more_waiting:
            return None
        if silence is Silence.GOODBYE:
            goodbye = await self._say(self._texts.phrases.silence_goodbye)
            return None if goodbye.interrupted or self._is_more_waiting else Ending(Outcome.SILENCE)
        self._heed(await self._speaker.ask_again(self._texts.silence[self._floor.expectation]))
        return None

    async def _on_alarm(self, alarm: Alarm) -> Ending | None:
        if alarm is Alarm.NO_MEDIA:
            return Ending(Outcome.CALLER_HUNG_UP, alarm)
        return await self._hand_over(Outcome.TRANSFERRED, alarm, self._texts.phrases.transfer)

    async def _on_drained(self, _: Drained) -> Ending | None:
        return await self._hand_over(Outcome.TRANSFERRED, "drained", self._texts.phrases.drained)

    async def _on_hung_up(self, _: HungUp) -> Ending | None:
        return Ending(Outcome.COMPLETED, "hung_up_by_the_shop")

    async def _on_broken(self, broken: PartBroken) -> Ending | None:
        phrases = self._texts.phrases
        phrase = phrases.tts_fallback if broken.part == "synthesizer" else phrases.apology
        return await self._hand_over(Outcome.FAILED_OVER, f"{broken.part}_failed", phrase)

    # Speaking.

    async def _think(self, text: str, waiting_since: float | None = None) -> Ending | None:
        self._unanswered = ""
        self._progress.enter(State.THINKING)
        self._tools.caller_said(text)
        answered = self._heed(await self._speaker.speak(self._agent_script, waiting_since))
        if (transfer := self._tools.transfer) is not None:
            phrase = "" if answered.whole else self._texts.phrases.transfer
            summary = transfer.summary or self._tools.summary(self._last_words)
            return await self._leaving.hand_over(
                Wish(Ending(Outcome.TRANSFERRED, transfer.reason, summary), phrase, is_final=False)
            )
        if answered.interrupted and not answered.heard:
            self._unanswered = text
        if answered.whole and is_farewell(answered.heard) and not self._is_more_waiting:
            return Ending(Outcome.COMPLETED)
        return None

    async def _agent_script(self, reply: Reply, say: Say) -> None:
        await self._agent.reply(self._history, reply, say, self._on_agent)

    def _on_agent(self, event: AgentEvent) -> None:
        self._tell.agent(event)
        if isinstance(event, ToolFinished):
            self._tell.tools(self._tools.calls)
            if self._tools.transfer is not None:
                self._floor.keep()

    async def _say(self, *texts: str) -> Answered:
        return self._heed(await self._speaker.say(*texts))

    def _heed(self, answered: Answered) -> Answered:
        if (failure := answered.failure) is not None:
            self.broken("synthesizer" if isinstance(failure, SynthesizerError) else "model", str(failure))
        return answered

    async def _find_operator(self) -> Ending | None:
        """Hand the caller over, if anybody is there; else say so and offer a call-back."""
        if (presence := await self._tools.presence()) is not Presence.AVAILABLE:
            await self._say(self._texts.operators.away(presence, self._tools.operators_hours))
            return None
        summary = self._tools.summary(self._last_words)
        return await self._leaving.hand_over(
            Wish(Ending(Outcome.TRANSFERRED, "customer_request", summary), self._texts.phrases.transfer, is_final=False)
        )

    async def _hand_over(self, outcome: Outcome, reason: str, phrase: str) -> Ending | None:
        """We cannot go on: to an operator, or to the dialplan, whoever is there."""
        return await self._leaving.hand_over(
            Wish(Ending(outcome, reason, self._tools.summary(self._last_words)), phrase)
        )

    @property
    def _is_more_waiting(self) -> bool:
        """Another demand came meanwhile: what was to be said into the silence is out of date."""
        return self._demands.statistics().current_buffer_used > 0


_TAKE_UP: Final[Mapping[type, Callable[[Conversation, Any], Awaitable[Ending | None]]]] = {
    EndOfTurn: Conversation._on_turn,
    Pressed: Conversation._on_pressed,
    Unheard: Conversation._on_unheard,
    Silence: Conversation._on_silence,
    Alarm: Conversation._on_alarm,
    PartBroken: Conversation._on_broken,
    Drained: Conversation._on_drained,
    HungUp: Conversation._on_hung_up,
}
