"""Stamps what happens in a call with the call's own time and hands it to the observer.

The one place of a call that reads a clock for the record; turn numbers and the waterfall live here too.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from uuid import UUID

from engine.call.account import Account, Listening
from engine.call.answer import Answered
from engine.call.events import (
    BotSaid,
    CallEnded,
    CallerSaid,
    Interrupted,
    Observer,
    PartFailed,
    StateChanged,
    ToolRan,
    TransferTried,
    TurnTimed,
    Ungrounded,
)  # fmt: skip
from engine.call.states import Ending, State, move
from engine.call.waterfall import Waterfall
from engine.config import CostConfig
from engine.dialogue import agent_events
from engine.dialogue.agent_events import AgentEvent, FirstToken, ModelRequested, SentenceReady
from engine.dialogue.endpointing import EndOfTurn
from engine.dialogue.llm import Usage
from engine.dialogue.tools.toolbox import ToolCallRecord
from engine.pbx.operators import TransferResult

_MARKS = {ModelRequested: "model_requested", FirstToken: "first_token", SentenceReady: "first_sentence"}


class Telling:
    """One call's story, told as it happens."""

    def __init__(
        self, call_id: UUID, observe: Observer, now: Callable[[], float], prices: CostConfig, model: str
    ) -> None:
        self._call_id = call_id
        self._observe = observe
        self._now = now
        self._started_at = now()
        self._account = Account(call_id, prices, model, observe, lambda: self.elapsed)
        self._waterfall: Waterfall | None = None
        self._usage = Usage()
        self._sound_at: float | None = None
        self._tools_told = 0
        self.turn = 0
        self.state = State.CONNECTED

    @property
    def elapsed(self) -> float:
        """Seconds since the call was answered."""
        return self._now() - self._started_at

    @property
    def cost(self) -> Decimal:
        """What the call has cost so far, in the currency of the price table."""
        return self._account.total

    def listens(self, stream: Listening) -> None:
        """The recogniser is open: its audio is billed."""
        self._account.listens(stream)

    def sent_to_voice(self, characters: int) -> None:
        """So much text went to the synthesiser."""
        self._account.spoke(characters)

    def move(self, state: State) -> None:
        self._account.listened()
        if state is not self.state:
            self.state = move(self.state, state)
            self._observe(StateChanged(self._call_id, self.elapsed, state))

    def caller_said(self, turn: EndOfTurn, text: str, *, amended: bool) -> None:
        """A turn begins: its waterfall counts from the caller's last voiced frame. `amended`: it goes on, and what it
        has cost so far stays on its account."""
        if not amended:
            self._turn_begins()
        self._waterfall = Waterfall(turn.last_voiced_at)
        if turn.final_at is not None:
            self._waterfall.mark("final", turn.final_at)
        self._waterfall.mark("end_of_turn", turn.decided_at)
        at = turn.last_voiced_at - self._started_at
        stages = self._waterfall.stages_ms()
        self._observe(
            CallerSaid(
                self._call_id, self.turn, at, text, turn.language, turn.confidence, amended=amended, stages=stages
            )
        )

    def caller_pressed(self, text: str, at: float) -> None:
        """A turn that came from the keypad, its last key at `at`."""
        self._turn_begins()
        self._waterfall = Waterfall(at)
        self._observe(CallerSaid(self._call_id, self.turn, at - self._started_at, text))

    def agent(self, event: AgentEvent) -> None:
        """An `on_event` of the agent."""
        if isinstance(event, Usage):
            self._usage = self._usage + event
            self._account.asked(event, self.turn)
        elif isinstance(event, agent_events.Ungrounded):
            self._observe(Ungrounded(self._call_id, self.turn, self.elapsed, event.kinds, event.outcome))
        elif stage := _MARKS.get(type(event)):
            self._mark(stage, self._now())

    def bot_begins(self) -> None:
        """The bot is about to speak."""
        self._sound_at = None

    def sound(self, now: float, *, filler: bool) -> None:
        """Bot audio begins at the wire, or a new sentence of it."""
        if self._sound_at is None:
            self._sound_at = now - self._started_at
        self._mark("filler" if filler else "first_audio", now)

    def bot_said(self, answered: Answered) -> None:
        """A turn of the bot is over."""
        waterfall = self._waterfall if self._waterfall is not None and self._waterfall.has("first_audio") else None
        if answered.heard and self._sound_at is not None:
            self._observe(
                BotSaid(
                    self._call_id, self.turn, self._sound_at, answered.heard,
                    interrupted=answered.interrupted, heard_ms=answered.heard_ms,
                    stages={} if waterfall is None else waterfall.stages_ms(),
                )
            )  # fmt: skip
        if waterfall is not None:
            self._turn_timed()

    def tools(self, calls: Sequence[ToolCallRecord]) -> None:
        """Tell of the tool calls that have not been told yet."""
        for call in calls[self._tools_told :]:
            self._observe(
                ToolRan(
                    self._call_id, self.turn, self.elapsed, call.name, call.ok, call.arguments, call.result,
                    call.duration_ms,
                )
            )  # fmt: skip
        self._tools_told = len(calls)

    def interrupted(self, kind: str, voiced_at: float, stopped_at: float) -> None:
        stop_ms = round((stopped_at - voiced_at) * 1000, 1)
        self._observe(Interrupted(self._call_id, self.turn, self.elapsed, kind, stop_ms))

    def transferred(self, reason: str, result: TransferResult, duration_ms: float) -> None:
        """The PBX has been asked to take the caller over."""
        self._observe(
            TransferTried(self._call_id, self.elapsed, reason, result.outcome, result.detail, round(duration_ms, 1))
        )

    def failed(self, part: str, error: str) -> None:
        self._observe(PartFailed(self._call_id, self.elapsed, part, error))

    def ended(self, ending: Ending) -> None:
        """The last that is told."""
        self._turn_timed()
        self.move(State.ENDED)
        self._observe(
            CallEnded(
                self._call_id, self.elapsed, ending.outcome, ending.reason, ending.summary,
                self._account.breakdown(), self._account.total,
            )
        )  # fmt: skip

    def _turn_begins(self) -> None:
        self._turn_timed()
        self.turn += 1

    def _turn_timed(self) -> None:
        """Once a turn; also of one whose answer was never heard: it has been paid for."""
        if self._waterfall is not None:
            at = self._waterfall.speech_ended_at - self._started_at
            self._observe(TurnTimed(self._call_id, self.turn, at, self._waterfall.stages_ms(), self._usage))
        self._waterfall, self._usage = None, Usage()

    def _mark(self, stage: str, now: float) -> None:
        if self._waterfall is not None:
            self._waterfall.mark(stage, now)
