"""Anthropic's Messages API as data: a request laid out, a stream of server-sent events understood. Sans-IO.

Before and after: `dialogue.anthropic_llm`, which owns the connection. Events are read from their JSON because the
SDK's own event objects cost nearly three times as much a delta, and its iterators leave generators suspended.
Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming, .../prompt-caching
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.dialogue.llm import (
    Finished,
    Message,
    ModelEvent,
    ModelRequest,
    Started,
    Text,
    TextDelta,
    ToolOutcome,
    ToolUse,
    Usage,
)
from engine.errors import ModelError, UnreadableAnswer

VENDOR: Final = "anthropic"
_CACHED: Final = {"cache_control": {"type": "ephemeral"}}
_RETRYABLE_ERRORS: Final = frozenset({"overloaded_error", "api_error", "rate_limit_error", "timeout_error"})


def request_body(request: ModelRequest, *, model: str) -> dict[str, Any]:
    """The body of `POST /v1/messages`, streaming.

    The vendor caches a prefix in the order tools, system, messages. One mark on the stable system block therefore
    covers the tools too. The last message is marked only when no `context` stands before it: one that changes makes
    every prefix beyond it new, and a cache written but never read costs a quarter more than none.
    """
    system = [{"type": "text", "text": request.system, **_CACHED}]
    if request.context:
        system.append({"type": "text", "text": request.context})
    messages = [_message(message) for message in request.messages]
    if messages and not request.context:
        messages[-1]["content"][-1].update(_CACHED)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "system": system,
        "messages": messages,
        "stream": True,
    }
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in request.tools
        ]
    if request.tool_choice:
        body["tool_choice"] = {"type": "tool", "name": request.tool_choice}
    return body


def _message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": [_block(block) for block in message.blocks]}


def _block(block: Text | ToolUse | ToolOutcome) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case ToolUse(id_, name, arguments):
            return {"type": "tool_use", "id": id_, "name": name, "input": arguments}
        case ToolOutcome(id_, content, is_error):
            return {"type": "tool_result", "tool_use_id": id_, "content": content or "{}", "is_error": is_error}


class AnswerDecoder:
    """One answer: `receive` bytes as they come, get model events. Raises `ModelError` for what the vendor reports and
    for what cannot be understood."""

    def __init__(self) -> None:
        self._tail = b""
        self._use: ToolUse | None = None
        self._arguments: list[str] = []
        self._stop_reason = ""
        self._usage: dict[str, int] = {}
        self.finished = False
        """The answer is complete: `message_stop` has come."""
        self.progress = 0
        """Events so far, without pings: those prove that the connection lives, not that an answer is coming."""

    def receive(self, data: bytes) -> list[ModelEvent]:
        """Any cut of the stream will do."""
        *lines, self._tail = (self._tail + data).split(b"\n")
        # Every event's data carries its type: the `event:` lines say nothing new.
        events = (self._event(_json_object(line[5:])) for line in lines if line.startswith(b"data:"))
        return [event for event in events if event]

    def _event(self, data: Mapping[str, Any]) -> ModelEvent | None:
        kind = data.get("type", "")
        self.progress += kind != "ping"
        read = _READERS.get(kind)
        try:
            return read(self, data) if read else None
        except (KeyError, TypeError) as error:
            raise ModelError(VENDOR, f"malformed {kind} event", retryable=True) from error

    def _message_start(self, data: Mapping[str, Any]) -> Started:
        self._count(data["message"].get("usage"))
        return Started(self._counted())

    def _block_start(self, data: Mapping[str, Any]) -> None:
        block = data["content_block"]
        if block["type"] == "tool_use":
            self._use, self._arguments = ToolUse(block["id"], block["name"], {}), []

    def _block_delta(self, data: Mapping[str, Any]) -> ModelEvent | None:
        delta = data["delta"]
        if delta["type"] == "text_delta":
            return TextDelta(delta["text"])
        if delta["type"] == "input_json_delta":
            self._arguments.append(delta["partial_json"])
        return None

    def _block_stop(self, data: Mapping[str, Any]) -> ModelEvent | None:
        use, self._use = self._use, None
        if use is None:
            return None
        return ToolUse(use.id, use.name, _json_object("".join(self._arguments) or "{}"))

    def _message_delta(self, data: Mapping[str, Any]) -> None:
        self._stop_reason = data["delta"].get("stop_reason") or self._stop_reason
        self._count(data.get("usage"))

    def _message_stop(self, data: Mapping[str, Any]) -> Finished:
        self.finished = True
        return Finished(self._stop_reason or "end_turn", self._counted())

    def _error(self, data: Mapping[str, Any]) -> None:
        kind, message = data["error"].get("type", ""), data["error"].get("message", "")
        raise ModelError(VENDOR, f"{kind}: {message}", retryable=kind in _RETRYABLE_ERRORS)

    def _counted(self) -> Usage:
        return Usage(
            input_tokens=self._usage.get("input_tokens", 0),
            output_tokens=self._usage.get("output_tokens", 0),
            cache_read_tokens=self._usage.get("cache_read_input_tokens", 0),
            cache_write_tokens=self._usage.get("cache_creation_input_tokens", 0),
        )

    def _count(self, usage: Mapping[str, Any] | None) -> None:
        """Counts are cumulative: the last word counts."""
        self._usage.update({key: value for key, value in (usage or {}).items() if isinstance(value, int)})


_READERS: Final[Mapping[str, Callable[[AnswerDecoder, Mapping[str, Any]], ModelEvent | None]]] = {
    "message_start": AnswerDecoder._message_start,
    "content_block_start": AnswerDecoder._block_start,
    "content_block_delta": AnswerDecoder._block_delta,
    "content_block_stop": AnswerDecoder._block_stop,
    "message_delta": AnswerDecoder._message_delta,
    "message_stop": AnswerDecoder._message_stop,
    "error": AnswerDecoder._error,
}


def _json_object(text: str | bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UnreadableAnswer(VENDOR, "malformed JSON in the answer", retryable=True) from error
    if not isinstance(value, dict):
        raise UnreadableAnswer(VENDOR, "JSON in the answer is not an object", retryable=True)
    return value
