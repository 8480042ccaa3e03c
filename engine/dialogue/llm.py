"""What the dialogue asks of a language model, and the vendor-neutral shape of a conversation.

Before: `dialogue.history` makes the messages. After: `dialogue.agent` consumes the events.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

type JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The model asks for a tool. `id` is the model's and pairs it with its result."""

    id: str
    name: str
    arguments: JsonObject


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """The answer to the `ToolUse` of the same id."""

    id: str
    content: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """`user` messages hold Text and ToolOutcome, `assistant` ones Text and ToolUse."""

    role: Literal["user", "assistant"]
    blocks: tuple[Text | ToolUse | ToolOutcome, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as offered to the model; `schema` is JSON Schema of its arguments."""

    name: str
    description: str
    schema: JsonObject


@dataclass(frozen=True, slots=True)
class ModelRequest:
    system: str
    """The stable part, cached by the vendor."""
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    context: str = ""
    """The part of the system prompt that changes per turn (state pinned by code), sent after the cached part."""
    max_tokens: int = 400
    tool_choice: str = ""
    """The one of `tools` that the answer must use. Empty: as the model likes."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def by_kind(self) -> dict[str, int]:
        """`input`, `output`, `cache_read`, `cache_write`: each has its price."""
        return {
            "input": self.input_tokens,
            "output": self.output_tokens,
            "cache_read": self.cache_read_tokens,
            "cache_write": self.cache_write_tokens,
        }

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a stream. `stop_reason`: `end_turn`, `tool_use`, `max_tokens`, ..."""

    stop_reason: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Started:
    """The vendor has read the request, and bills for that even if the answer is cut off. `usage`: so far."""

    usage: Usage


type ModelEvent = Started | TextDelta | ToolUse | Finished


class LanguageModel(Protocol):
    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        """Stream one answer; leaving the context closes the connection. A `ToolUse` is yielded whole, once its
        arguments are complete. Raises `ModelError`, also from the iterator (`retryable` says if once more may help;
        a stall between two events is the adapter's to detect: `ModelError`, retryable)."""
        ...
