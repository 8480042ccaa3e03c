"""One reply of the bot: ask the model, speak as it answers, run the tools it asks for, ask again.

Before: `call` (a caller's turn is in the history). After: `say`, which hands each sentence to the voice at once.

Cancelling `reply` is the interruption: the model's connection closes with it. What has been done stays on record: an
exchange is written with no checkpoint after the last tool's return, so the outcome of a shielded mutation is never
lost, and uses that did not run are answered as interrupted, never left dangling.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import trio

from engine.dialogue.history import History
from engine.dialogue.leaks import may_be_spoken
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
from engine.dialogue.sentences import SentenceSplitter
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
    max_tokens: int = 400


@dataclass(frozen=True, slots=True)
class ModelRequested:
    round: int
    """From 1; a retry has its round's number again."""


@dataclass(frozen=True, slots=True)
class FirstToken:
    """The first text or tool use of a round has come."""


@dataclass(frozen=True, slots=True)
class SentenceReady:
    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    name: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    name: str
    ok: bool


type AgentEvent = ModelRequested | FirstToken | SentenceReady | ToolStarted | ToolFinished | Usage
"""No times inside: the call stamps them."""
type OnEvent = Callable[[AgentEvent], None]


class Agent:
    """Holds what does not change during a call; each `reply` is a turn."""

    def __init__(self, model: LanguageModel, tools: Tools, prompt: Prompt) -> None:
        self._model = model
        self._tools = tools
        self._prompt = prompt

    async def reply(
        self, history: History, reply: Reply, say: Callable[[str], None], on_event: OnEvent = lambda event: None
    ) -> None:
        """Answer the last turn of `history` into `reply`, which is open. `say` takes each sentence as soon as it is
        whole and must not block. Raises `ModelError` when the model fails twice, or at once when asking again cannot
        help; also when it has nothing to say. What was said until then stays said."""
        turn = _Turn(self._model, self._tools, self._prompt, history, reply, say, on_event)
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
    history: History
    reply: Reply
    say: Callable[[str], None]
    on_event: OnEvent
    may_retry: bool = True

    async def ask(self, number: int) -> list[ToolUse]:
        """One answer of the model, spoken as it comes; the tools it asks for. Retried once a turn."""
        said_before = len(self.reply.sentences)
        while True:
            try:
                uses = await self._ask_once(number, self.reply.sentences[said_before:])
                if not uses and len(self.reply.sentences) == said_before:
                    raise ModelError("model", "an answer without a word", retryable=True)
                return uses
            except ModelError as error:
                if not (error.retryable and self.may_retry):
                    raise
                self.may_retry = False
                log.info("asking_again", error=str(error), said=len(self.reply.sentences) - said_before)

    async def _ask_once(self, number: int, said: Sequence[str]) -> list[ToolUse]:
        await trio.lowlevel.checkpoint_if_cancelled()
        self.on_event(ModelRequested(number))
        splitter, uses, waiting = SentenceSplitter(), list[ToolUse](), True
        unpaid = Usage()
        try:
            async with self.model.stream(self._request(said)) as events:
                async for event in events:
                    if waiting and not isinstance(event, Started):
                        self.on_event(FirstToken())
                        waiting = False
                    match event:
                        case Started(usage):
                            unpaid = usage
                        case TextDelta(text):
                            self._speak_all(splitter.push(text))
                        case ToolUse():
                            self._speak_all(splitter.flush())
                            uses.append(event)
                        case Finished(stop_reason, usage):
                            unpaid = Usage()
                            self.on_event(usage)
                            self._speak_last(splitter, stop_reason)
        finally:
            if unpaid != Usage():  # the answer was interrupted or broke off: the vendor bills for it all the same
                self.on_event(unpaid)
        return uses

    def _request(self, said: Sequence[str]) -> ModelRequest:
        context = self.tools.context()
        if said:
            context = f"{context}\n\n{self.prompt.go_on.format(said=' '.join(said))}".lstrip()
        return ModelRequest(
            self.prompt.system,
            self.history.messages(),
            self.tools.offered(),
            context,
            self.prompt.max_tokens,
        )

    def _speak_last(self, splitter: SentenceSplitter, stop_reason: str) -> None:
        """At the token limit the last sentence is a torso: left out, unless it is all there is."""
        rest = splitter.flush()
        if stop_reason == "max_tokens":
            log.warning("answer_cut_at_token_limit")
            if self.reply.sentences and rest and rest[-1][-1] not in ".!?…":
                rest = rest[:-1]
        self._speak_all(rest)

    def _speak_all(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            if may_be_spoken(sentence):
                self.speak(sentence)
            elif any(c.isalnum() for c in sentence):
                log.warning("internals_not_spoken", characters=len(sentence))

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
