"""What the assistant answers: words, tools it wants, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Call:
    """One tool wanted."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` is said first; then the tools are called."""

    text: str = ""
    tool_uses: tuple[Call, ...] = ()

    @classmethod
    def from_json(cls, value: str | Mapping[str, Any]) -> Self:
        """A scripted reply: a text, or `{"text": ..., "tool_uses": [{"name": ..., "arguments": {...}}]}`.

        Raises KeyError if a tool has no name."""
        if isinstance(value, str):
            return cls(value)
        uses = tuple(Call(use["name"], use.get("arguments", {})) for use in value.get("tool_uses", ()))
        return cls(value.get("text", ""), uses)


def call(name: str, /, *, say: str = "", **arguments: Any) -> Reply:
    """Call one tool, without the arguments that are None, after saying `say`."""
    given = {key: value for key, value in arguments.items() if value is not None}
    return Reply(say, (Call(name, given),))
