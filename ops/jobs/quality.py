"""Has the finished calls judged by a small model: a few at a time, each once, in any number of runs.

A verdict is on record as soon as it is there, so a run that is broken off is taken up by the next one. An answer that
is no verdict is asked for once more; then the call is marked, or it would be asked about for ever. So is one the model
refuses, unless it refuses all of them: then, as when it cannot be reached, nothing is said about any call, and nothing
is marked.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import trio

from engine.config import Config, CostConfig
from engine.database import Database
from engine.dialogue.judge import TOOL, UnreadableVerdict, Verdict, question, verdict
from engine.dialogue.llm import Finished, LanguageModel, ModelRequest, ToolUse, Usage
from engine.errors import ConfigError, DataRefused, ModelError, ModelRefused, UnreadableAnswer
from engine.log import get_logger
from engine.records import quality
from engine.records.calls import load
from engine.records.cost import tokens, total
from engine.records.quality import Judged
from engine.records.rows import ModelUseRow
from ops.jobs.job import JobContext

log = get_logger("jobs.quality")

_ATTEMPTS: Final = 2
_PAUSE_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 30.0
"""Nobody waits on a line for a verdict."""

type Progress = Callable[[int, int], None]
"""Takes how many calls are done, of how many."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges: a model, its name on the price list, how many calls at once."""

    model: LanguageModel
    name: str
    prices: CostConfig
    concurrency: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How many calls have a verdict now, and how many are marked as having none."""

    judged: int
    marked: int


@asynccontextmanager
async def open_judge(config: Config) -> AsyncGenerator[Judge]:
    """The judge of the configuration. Raises `ConfigError` where there is no model to ask."""
    from engine.dialogue.anthropic_llm import AnthropicModel  # imports the vendor's SDK: a second

    if not (config.anthropic.api_key.get_secret_value() or config.anthropic.base_url):
        raise ConfigError("ANTHROPIC_API_KEY is not set: there is no model to judge calls")
    model = AnthropicModel(
        config.anthropic.model_copy(
            update={
                "model": config.quality.model, "first_event_timeout": _PATIENCE_SECONDS,
                "gap_timeout": _PATIENCE_SECONDS,
            }
        )
    )  # fmt: skip
    try:
        yield Judge(model, config.quality.model, config.cost, config.quality.concurrency)
    finally:
        with trio.move_on_after(1, shield=True):
            await model.aclose()


async def evaluate_quality(context: JobContext) -> None:
    """The job: all that wait."""
    async with open_judge(context.config) as judge:
        done = await evaluate(context.database, judge)
    context.report(f"{done.judged} calls judged, {done.marked} without a readable verdict")


async def evaluate(
    database: Database, judge: Judge, *, since: datetime | None = None, limit: int | None = None,
    progress: Progress = lambda done, of: None,
) -> Evaluated:  # fmt: skip
    """Judge what waits. Raises `ModelError` when the model is out of reach; what was judged until then stays."""
    waiting = await quality.pending(database, since=since, limit=limit)
    run = _Run(database, judge, len(waiting), progress)
    send, receive = trio.open_memory_channel[UUID](len(waiting))
    for call_id in waiting:
        send.send_nowait(call_id)
    send.close()
    async with trio.open_nursery() as nursery:
        for _ in range(min(judge.concurrency, len(waiting))):
            nursery.start_soon(run.work, receive.clone())
        receive.close()
    await run.mark_refused()
    if run.failure is not None:
        told = f"{run.failure}; {run.judged} of {len(waiting)} calls were judged, the others wait for the next run"
        raise ModelError("quality", told, retryable=True) from run.failure
    return Evaluated(run.judged, run.marked)


class _Run:
    """What the workers of one run share."""

    def __init__(self, database: Database, judge: Judge, waiting: int, progress: Progress) -> None:
        self._database = database
        self._judge = judge
        self._waiting = waiting
        self._progress = progress
        self.judged = 0
        self.marked = 0
        self.failure: ModelError | None = None
        self._refused: list[tuple[Judged, ModelRefused]] = []

    async def work(self, calls: trio.MemoryReceiveChannel[UUID]) -> None:
        async with calls:
            async for call_id in calls:
                if self.failure is not None:
                    return
                try:
                    await self._evaluate(call_id)
                except ModelError as error:
                    self.failure = error
                    return
                self._progress(self._done, self._waiting)

    async def mark_refused(self) -> None:
        """Once it is known that the model takes others: an account without money is refused one by one, too."""
        if self._refused and not self.judged + self.marked and self._waiting > 1:
            self.failure = self.failure or self._refused[0][1]
            return
        for judged, _ in self._refused:
            await self._record(judged)

    @property
    def _done(self) -> int:
        return self.judged + self.marked + len(self._refused)

    async def _evaluate(self, call_id: UUID) -> None:
        call = await load(self._database, call_id)
        if call is None:
            return
        try:
            found, error, uses = await _ask(self._judge, call)
        except ModelRefused as refusal:
            self._refused.append((Judged(call_id, call["started_at"], None, {"error": str(refusal)}, ()), refusal))
            return
        if found is None:
            judged = Judged(call_id, call["started_at"], None, {"error": error}, uses)
        else:
            judged = Judged(call_id, call["started_at"], found.score, {**found.scores, "note": found.note}, uses)
        await self._record(judged)

    async def _record(self, judged: Judged) -> None:
        """A verdict the database refuses is none: it would stop every later run at the same call."""
        try:
            await quality.record(self._database, judged)
        except DataRefused as error:
            log.error("verdict_refused", call_id=str(judged.call_id), error=str(error))
            judged = replace(judged, score=None, details={"error": str(error)}, requests=())
            await quality.record(self._database, judged)
        self.judged += judged.score is not None
        self.marked += judged.score is None


async def _ask(judge: Judge, call: dict[str, Any]) -> tuple[Verdict | None, str, list[ModelUseRow]]:
    """The verdict, or why there is none; and what the asking used."""
    request, uses, error = question(call), list[ModelUseRow](), ""
    for number in range(1, _ATTEMPTS + 1):
        try:
            use, usage = await _answer(judge.model, request)
        except UnreadableAnswer as failure:
            error = str(failure)
            continue
        uses.append(_row(judge, call, number, usage))
        try:
            return verdict(use.arguments if use is not None else {}), "", uses
        except UnreadableVerdict as failure:
            error = str(failure)
    return None, error, uses


async def _answer(model: LanguageModel, request: ModelRequest) -> tuple[ToolUse | None, Usage]:
    """Asked once more after a pause where that may help. Raises `ModelError`."""
    try:
        return await _answer_once(model, request)
    except UnreadableAnswer:
        raise
    except ModelError as error:
        if not error.retryable:
            raise
    await trio.sleep(_PAUSE_SECONDS)
    return await _answer_once(model, request)


async def _answer_once(model: LanguageModel, request: ModelRequest) -> tuple[ToolUse | None, Usage]:
    use, usage = None, Usage()
    async with model.stream(request) as events:
        async for event in events:
            match event:
                case ToolUse(name=name) if name == TOOL:
                    use = event
                case Finished(usage=counted):
                    usage = counted
                case _:
                    pass
    return use, usage


def _row(judge: Judge, call: dict[str, Any], number: int, usage: Usage) -> ModelUseRow:
    return ModelUseRow(
        call["id"], call["started_at"], "quality", number, datetime.now(UTC), judge.name, usage.input_tokens,
        usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens,
        total(tokens(judge.prices, judge.name, usage.by_kind())),
    )  # fmt: skip
