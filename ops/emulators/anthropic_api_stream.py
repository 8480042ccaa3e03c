"""One answer of the Messages API as content blocks, and as the timed server-sent events of its streaming form.

Source: docs.anthropic.com, "Streaming Messages". Pure: an event carries the time it is due.
"""

import json
import math
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ops.emulators.anthropic_api_usage import CHARACTERS_PER_TOKEN, tokens
from ops.emulators.assistant.reply import Reply

TOKENS_PER_DELTA = 2
"""The vendor sends more than one token a delta too; half the events is half the work of the emulator."""
_DELTA = TOKENS_PER_DELTA * CHARACTERS_PER_TOKEN


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with its ids drawn and its length cut to `max_tokens`."""

    model: str
    content: tuple[Mapping[str, Any], ...]
    stop_reason: Literal["end_turn", "tool_use", "max_tokens"]
    input_usage: Mapping[str, int]
    output_tokens: int
    id: str = field(default_factory=lambda: "msg_01" + secrets.token_hex(11))

    def as_message(self) -> dict[str, Any]:
        """The non-streaming form."""
        return _message(self, list(self.content), self.stop_reason, self.output_tokens)


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """A server-sent event, due so many tokens after the first one."""

    at_tokens: float
    data: bytes


def answer(reply: Reply, *, model: str, max_tokens: int, input_usage: Mapping[str, int]) -> Answer:
    """Lay a reply out as content blocks. A text beyond `max_tokens` is cut and its tool calls are lost."""
    text = reply.text[: max_tokens * CHARACTERS_PER_TOKEN]
    content: list[Mapping[str, Any]] = [{"type": "text", "text": text}] if text else []
    if len(text) < len(reply.text):
        return Answer(model, tuple(content), "max_tokens", input_usage, max_tokens)
    content.extend(
        {"type": "tool_use", "id": "toolu_01" + secrets.token_hex(11), "name": use.name, "input": dict(use.arguments)}
        for use in reply.tool_uses
    )
    output = tokens(text) + sum(tokens(_json(block)) for block in content if block["type"] == "tool_use")
    return Answer(model, tuple(content), "tool_use" if reply.tool_uses else "end_turn", input_usage, max(1, output))


def timed_events(message: Answer) -> Iterator[TimedEvent]:
    """The events of the streaming form, in order."""
    clock = 0.0
    yield _event(clock, "message_start", message=_message(message, [], None, 1))
    for index, block in enumerate(message.content):
        is_text = block["type"] == "text"
        yield _event(
            clock,
            "content_block_start",
            index=index,
            content_block={**block, **({"text": ""} if is_text else {"input": {}})},
        )
        if index == 0:
            yield _event(clock, "ping")
        source = block["text"] if is_text else _json(block["input"])
        for start in range(0, len(source), _DELTA):
            part = source[start : start + _DELTA]
            delta = (
                {"type": "text_delta", "text": part} if is_text else {"type": "input_json_delta", "partial_json": part}
            )
            yield _event(clock, "content_block_delta", index=index, delta=delta)
            clock += len(part) / CHARACTERS_PER_TOKEN
        yield _event(clock, "content_block_stop", index=index)
    yield _event(
        clock,
        "message_delta",
        delta={"stop_reason": message.stop_reason, "stop_sequence": None},
        usage={"output_tokens": message.output_tokens},
    )
    yield _event(clock, "message_stop")


def due_s(event: TimedEvent, *, first_token_ms: float, tokens_per_second: float) -> float:
    """When an event is due, in seconds after the request."""
    per_second = tokens_per_second if tokens_per_second > 0 else math.inf
    return first_token_ms / 1000 + event.at_tokens / per_second


def _message(message: Answer, content: list[Any], stop_reason: str | None, output_tokens: int) -> dict[str, Any]:
    return {
        "id": message.id,
        "type": "message",
        "role": "assistant",
        "model": message.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {**message.input_usage, "output_tokens": output_tokens, "service_tier": "standard"},
    }


def _event(at_tokens: float, kind: str, **fields: Any) -> TimedEvent:
    return TimedEvent(at_tokens, f"event: {kind}\ndata: {_json({'type': kind, **fields})}\n\n".encode())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
