"""Turns a call's events into metrics, log lines and rows. The call itself knows none of the three.

What was said goes on record in the database, where it has its term; the log shows it only at DEBUG.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine import metrics
from engine.call.events import (
    BotSaid,
    CallEnded,
    CallerSaid,
    CallEvent,
    CallStarted,
    Interrupted,
    ModelAnswered,
    PartFailed,
    Spent,
    StateChanged,
    ToolRan,
    TransferTried,
    TurnTimed,
    Ungrounded,
)  # fmt: skip
from engine.log import get_logger
from engine.records import rows
from engine.records.scenario import scenario
from engine.records.writer import RecordWriter

log = get_logger("call")


@dataclass(slots=True)
class _Story:
    """What is known of a call in progress."""

    started_at: datetime
    turns: int = 0
    tools: int = 0
    events: int = 0
    requests: int = 0
    tools_used: set[str] = field(default_factory=set)
    languages: Counter[str] = field(default_factory=Counter)
    """Of the caller's turns; empty where none was recognised."""
    answer_ms: list[float] = field(default_factory=list)

    @property
    def language(self) -> str | None:
        """The one most of the caller's turns were in."""
        return max(self.languages, key=lambda language: self.languages[language], default="") or None

    def at(self, seconds: float) -> datetime:
        return self.started_at + timedelta(seconds=seconds)


class RecordKeeper:
    """An `Observer` for all calls of the process."""

    def __init__(self, writer: RecordWriter, engine: str) -> None:
        """`engine`: the name of the one that answers these calls."""
        self._writer = writer
        self._engine = engine
        self._stories: dict[UUID, _Story] = {}
        self._tell: Mapping[type, Callable[[_Story, Any], None]] = {
            StateChanged: self._state,
            CallerSaid: self._caller,
            BotSaid: self._bot,
            ToolRan: self._tool,
            TurnTimed: self._timed,
            ModelAnswered: self._model_answered,
            Spent: self._spent,
            Ungrounded: self._ungrounded,
            Interrupted: self._interrupted,
            TransferTried: self._transfer_tried,
            PartFailed: self._failed,
            CallEnded: self._ended,
        }

    def observe(self, event: CallEvent) -> None:
        if isinstance(event, CallStarted):
            self._stories[event.call_id] = _Story(event.at)
            log.info("call_started", caller=event.caller, called=event.called, peer=event.peer)
            self._started(event)
        elif (story := self._stories.get(event.call_id)) is not None:
            self._tell[type(event)](story, event)

    def _started(self, event: CallStarted) -> None:
        self._writer.put_nowait(
            rows.CallStarted(
                event.call_id, event.at, event.caller, event.called, event.channel, event.intent,
                engine=self._engine, prompt_version=event.prompt_version,
            )
        )  # fmt: skip

    def _state(self, story: _Story, event: StateChanged) -> None:
        log.debug("state", state=event.state)

    def _caller(self, story: _Story, event: CallerSaid) -> None:
        log.info("caller_said", turn=event.turn, characters=len(event.text), amended=event.amended)
        log.debug("caller_words", turn=event.turn, text=event.text)
        story.languages[event.language or ""] += 1
        self._turn(story, event.call_id, event.at, "caller", event.text, language=event.language,
                   confidence=event.confidence, latencies=event.stages)  # fmt: skip

    def _bot(self, story: _Story, event: BotSaid) -> None:
        log.info("bot_said", turn=event.turn, characters=len(event.text), interrupted=event.interrupted)
        log.debug("bot_words", turn=event.turn, text=event.text)
        self._turn(story, event.call_id, event.at, "bot", event.text, interrupted=event.interrupted,
                   latencies=event.stages)  # fmt: skip

    def _turn(self, story: _Story, call_id: UUID, at: float, speaker: rows.Speaker, text: str, **more: Any) -> None:
        story.turns += 1
        self._writer.put_nowait(
            rows.TurnRow(call_id, story.started_at, story.turns, story.at(at), speaker, text, **more)
        )

    def _tool(self, story: _Story, event: ToolRan) -> None:
        story.tools += 1
        if event.ok:
            story.tools_used.add(event.name)
        log.info("tool_ran", turn=event.turn, tool=event.name, ok=event.ok, duration_ms=event.duration_ms)
        self._writer.put_nowait(
            rows.ToolCallRow(
                event.call_id, story.started_at, story.tools, story.at(event.at), event.name, event.arguments,
                event.result, event.ok, event.duration_ms,
            )
        )  # fmt: skip

    def _timed(self, story: _Story, event: TurnTimed) -> None:
        log.info("turn_timed", turn=event.turn, **event.stages)
        for stage, milliseconds in event.stages.items():
            metrics.TURN_STAGE.labels(stage).observe(max(0.0, milliseconds / 1000))
        if (first_audio := event.stages.get("first_audio")) is not None:
            metrics.TURN_SECONDS.observe(max(0.0, first_audio / 1000))
            story.answer_ms.append(first_audio)
        usage = {name: getattr(event.usage, name) for name in type(event.usage).__slots__}
        data = {"turn": event.turn, **event.stages, **usage}
        self._event(story, event.call_id, story.at(event.at), "waterfall", data)

    def _model_answered(self, story: _Story, event: ModelAnswered) -> None:
        story.requests += 1
        usage = event.usage
        self._writer.put_nowait(
            rows.ModelUseRow(
                event.call_id, story.started_at, "dialogue", story.requests, story.at(event.at), event.model,
                usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens, event.cost,
            )
        )  # fmt: skip

    def _spent(self, story: _Story, event: Spent) -> None:
        metrics.COST.labels(event.part).inc(float(event.cost))

    def _ungrounded(self, story: _Story, event: Ungrounded) -> None:
        for kind in event.kinds:
            metrics.UNGROUNDED.labels(kind, event.outcome).inc()
        log.warning("ungrounded", turn=event.turn, kinds=event.kinds, outcome=event.outcome)
        data = {"turn": event.turn, "kinds": list(event.kinds), "outcome": event.outcome}
        self._event(story, event.call_id, story.at(event.at), "ungrounded", data)

    def _interrupted(self, story: _Story, event: Interrupted) -> None:
        metrics.INTERRUPTIONS.labels(event.kind).inc()
        log.info("interrupted", turn=event.turn, kind=event.kind, stop_ms=event.stop_ms)
        self._event(
            story, event.call_id, story.at(event.at), "interruption", {"kind": event.kind, "stop_ms": event.stop_ms}
        )

    def _transfer_tried(self, story: _Story, event: TransferTried) -> None:
        metrics.TRANSFERS.labels(event.outcome).inc()
        data = {"reason": event.reason, "outcome": event.outcome, "detail": event.detail, "ms": event.duration_ms}
        log.info("transfer_tried", **data)
        self._event(story, event.call_id, story.at(event.at), "transfer", data)

    def _failed(self, story: _Story, event: PartFailed) -> None:
        log.error("part_failed", part=event.part, error=event.error)
        self._event(story, event.call_id, story.at(event.at), "part_failed", {"part": event.part, "error": event.error})

    def _ended(self, story: _Story, event: CallEnded) -> None:
        metrics.CALLS.labels(event.outcome).inc()
        metrics.CALL_SECONDS.observe(event.at)
        log.info("call_ended", outcome=event.outcome, reason=event.reason, duration=round(event.at, 1))
        self._event(story, event.call_id, story.at(event.at), "ended", {"reason": event.reason})
        transferred = event.outcome.wants_operator
        self._writer.put_nowait(
            rows.CallEnded(
                event.call_id, story.started_at, story.at(event.at), event.outcome,
                transfer_reason=(event.reason or None) if transferred else None,
                transfer_summary=(event.summary or None) if transferred else None,
                scenario=scenario(story.tools_used, event.outcome, caller_spoke=bool(story.languages)),
                language=story.language, answer_ms=story.answer_ms, cost=event.cost, cost_total=event.cost_total,
            )
        )  # fmt: skip
        del self._stories[event.call_id]

    def _event(self, story: _Story, call_id: UUID, at: datetime, kind: str, data: Mapping[str, Any]) -> None:
        story.events += 1
        self._writer.put_nowait(rows.EventRow(call_id, story.started_at, story.events, at, kind, data))
