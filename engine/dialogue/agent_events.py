"""What an agent tells while it replies: for the call's waterfall, its account and its records.

No times inside: the call stamps them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.dialogue.grounding import Kind
from engine.dialogue.llm import Usage


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


@dataclass(frozen=True, slots=True)
class Ungrounded:
    """A sentence was held: values of these kinds came from nowhere."""

    kinds: tuple[Kind, ...]
    outcome: Literal["asked_again", "replaced"]


type AgentEvent = ModelRequested | FirstToken | SentenceReady | ToolStarted | ToolFinished | Ungrounded | Usage
type OnEvent = Callable[[AgentEvent], None]
