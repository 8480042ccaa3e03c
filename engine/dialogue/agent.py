"""One reply of the bot: ask the model, speak as it answers, run the tools it asks for, ask again.

Before: `call` (a caller's turn is in the history). After: `say`, which hands each sentence to the voice at once.

Cancelling `reply` is the interruption: the model's connection closes with it. What has been done stays on record: an
exchange is written with no checkpoint after the last tool's return, so the outcome of a shielded mutation is never
lost, and uses that did not run are answered as interrupted, never left dangling.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

import trio

from engine.dialogue.agent_events import (
    FirstToken,
    ModelRequested,
    OnEvent,
    SentenceReady,
    ToolFinished,
    ToolStarted,
    Ungrounded,
)
from engine.dialogue.grounding import Gate
from engine.dialogue.history import History
from engine.dialogue.llm import (
    Finished,
    LanguageModel,
    ModelRequest,
    Started,
    TextDelta,
    ToolOutcome,
    ToolSpec,
    ToolUse,
    Usage,
)
from engine.dialogue.reply import Reply
from engine.dialogue.screen import Held, Screen
from engine.errors import ModelError
from engine.log import get_logger

log = get_logger("dialogue.agent")

MAX_ROUNDS: Final = 5
"""Answers of the model within one reply; each but the last may ask for tools."""
_INTERRUPTED: Final = '{"error": "interrupted by the caller, not run"}'


class Tools(Protocol):
    """The tools of one call."""

    def offered(self) -> tuple[ToolSpec, ...]: ...

    async def run(self, use: ToolUse) -> ToolOutcome:
        """Never raises but `trio.Cancelled`; a mutation that has begun returns its outcome even when cancelled."""
        ...

    def context(self) -> str:
        """The state pinned by code, for the model."""
        ...


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a shop gives the agent."""

    system: str
    gave_up: str
    """Spoken when the model has not come to an end after `MAX_ROUNDS`: an apology and the offer of an operator."""
    go_on: str
    """Added to the context when an answer broke off: asks to go on after `{said}` without repeating it."""
    unfounded: str
    """Added to the context when `{held}` was not spoken: asks to say it from the data."""
    unsure: str
    """Spoken when that did not help either: the bot does not know, and offers an operator."""
    max_tokens: int = 400


class Agent:
    """One per call; each `reply` is a turn."""

    def __init__(self, model: LanguageModel, tools: Tools, prompt: Prompt, today: date) -> None:
        """`today`: the shop's date, to understand «завтра» by."""
        self._model = model
        self._tools = tools
        self._prompt = prompt
        self._gate = Gate(today)

    async def reply(
        self, history: History, reply: Reply, say: Callable[[str], None], on_event: OnEvent = lambda event: None
    ) -> None:
        """Answer the last turn of `history` into `reply`, which is open. `say` takes each sentence as soon as it is
        whole and must not block. Raises `ModelError` when the model fails twice, or at once when asking again cannot
        help; also when it has nothing to say. What was said until then stays said."""
        turn = _Turn(self._model, self._tools, self._prompt, self._gate, history, reply, say, on_event)
        for number in range(1, MAX_ROUNDS + 1):
            uses = await turn.ask(number)
            if not uses:
                return
            if number < MAX_ROUNDS:
                await turn.run_tools(uses)
        log.warning("too_many_rounds", rounds=MAX_ROUNDS)
        turn.speak(self._prompt.gave_up)


@dataclass(slots=True)
class _Turn:
    """The state of one `Agent.reply`."""

    model: LanguageModel
    tools: Tools
    prompt: Prompt
    gate: Gate
    history: History
    reply: Reply
    say: Callable[[str], None]
    on_event: OnEvent
    may_retry: bool = True
    may_correct: bool = True

    async def ask(self, number: int) -> list[ToolUse]:
        """One answer of the model, spoken as it comes; the tools it asks for. Asked again once a turn for a failure,
        and once for a value that came from nowhere."""
        said_before, note = len(self.reply.sentences), ""
        while True:
            try:
                uses, held = await self._ask_once(number, self.reply.sentences[said_before:], note)
                if held is None and not uses and len(self.reply.sentences) == said_before:
                    raise ModelError("model", "an answer without a word", retryable=True)
            except ModelError as error:
                if not (error.retryable and self.may_retry):
                    raise
                self.may_retry = False
                log.info("asking_again", error=str(error), said=len(self.reply.sentences) - said_before)
                continue
            if held is None:
                return uses
            note = self._correction(held)
            if not note:
                self.speak(self.prompt.unsure)
                return []

    async def _ask_once(self, number: int, said: Sequence[str], note: str) -> tuple[list[ToolUse], Held | None]:
        """The tools the answer asks for; or the sentence that held it up, after which nothing was read."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self.on_event(ModelRequested(number))
        screen, uses, waiting = Screen(self.gate), list[ToolUse](), True
        unpaid = Usage()
        try:
            async with self.model.stream(await self._request(said, note)) as events:
                async for event in events:
                    if waiting and not isinstance(event, Started):
                        self.on_event(FirstToken())
                        waiting = False
                    match event:
                        case Started(usage):
                            unpaid = usage
                        case TextDelta(text):
                            self._speak_all(screen.push(text))
                        case ToolUse():
                            self._speak_all(screen.flush())
                            uses.append(event)
                        case Finished(stop_reason, usage):
                            unpaid = Usage()
                            self.on_event(usage)
                            self._speak_all(screen.finish(stop_reason, has_spoken=bool(self.reply.sentences)))
                    if screen.held is not None:
                        break
        finally:
            if unpaid != Usage():  # the answer was interrupted or broke off: the vendor bills for it all the same
                self.on_event(unpaid)
        return uses, screen.held

    def _correction(self, held: Held) -> str:
        """What to tell the model about a sentence that was held; empty: it has had its chance this turn."""
        may_correct, self.may_correct = self.may_correct, False
        self.on_event(Ungrounded(held.kinds, "asked_again" if may_correct else "replaced"))
        return self.prompt.unfounded.format(held=held.sentence) if may_correct else ""

    async def _request(self, said: Sequence[str], note: str) -> ModelRequest:
        """What it shows the model is from now on what the bot may say. The notes are not: they quote the model. Long
        results take milliseconds to read, which the calls beside this one must not wait for."""
        context, messages = self.tools.context(), self.history.messages()
        for _ in self.gate.learning(self.prompt.system, context, messages):
            await trio.lowlevel.checkpoint()
        go_on = self.prompt.go_on.format(said=" ".join(said)) if said else ""
        return ModelRequest(
            self.prompt.system,
            messages,
            self.tools.offered(),
            "\n\n".join(filter(None, (context, go_on, note))),
            self.prompt.max_tokens,
        )

    def _speak_all(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            self.speak(sentence)

    def speak(self, sentence: str) -> None:
        self.reply.say(sentence)
        self.on_event(SentenceReady(sentence))
        self.say(sentence)

    async def run_tools(self, uses: Sequence[ToolUse]) -> None:
        """In order: a later one may build on what an earlier one changed."""
        outcomes: list[ToolOutcome] = []
        try:
            for use in uses:
                # A shielded tool may have outlived the cancellation: nothing may start after it.
                await trio.lowlevel.checkpoint_if_cancelled()
                self.on_event(ToolStarted(use.name))
                outcomes.append(await self.tools.run(use))
                self.on_event(ToolFinished(use.name, not outcomes[-1].is_error))
        finally:
            if outcomes:
                missing = (ToolOutcome(use.id, _INTERRUPTED, is_error=True) for use in uses[len(outcomes) :])
                self.reply.exchange(tuple(zip(uses, (*outcomes, *missing), strict=True)))
