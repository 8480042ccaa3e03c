"""What a tool is: a frozen record of its words for the model, its arguments, when it is offered, and what it does.

A tool raises `ToolRefused` when a rule says no and lets the store's errors pass; `toolbox` turns both into hints. One
that is `mutating` performs its change through `context.once`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from engine.dialogue.llm import JsonObject, ToolSpec
from engine.dialogue.tools.changes import CHANGES, Result
from engine.dialogue.tools.rules import NO_PHONE, ToolRefused
from engine.dialogue.tools.stages import Stage
from engine.dialogue.tools.state import CallState
from engine.knowledge.search import Knowledge
from engine.pbx.operators import Operators
from engine.records.rows import Row
from engine.store.actions import Action, ActionLog, once
from engine.store.client import StoreClient

type Save = Callable[[Row], Awaitable[None]]
"""Puts a row on record: durable when it returns. Raises `SpoolError`."""


class Arguments(BaseModel):
    """What the model fills in. What it adds of its own (a phone, say) is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may reach. `now` is aware, local to the shop."""

    call_id: UUID
    state: CallState
    store: StoreClient
    knowledge: Knowledge
    actions: ActionLog
    operators: Operators
    save: Save
    now: datetime
    action: Action | None = None
    """The mutation at hand, of a mutating tool."""

    @property
    def phone(self) -> str:
        """The caller's own, from the PBX, never the model's. Raises `ToolRefused` when withheld."""
        if self.state.phone is None:
            raise ToolRefused(NO_PHONE)
        return self.state.phone

    def about(self, action: Action) -> "ToolContext":
        return replace(self, action=action)

    async def answered_before(self) -> Result | None:
        """What the same change has answered, if it was made; its stage may have passed since."""
        recorded = await self.actions.answer(self.action.key) if self.action else None
        return None if recorded is None else dict(recorded)

    async def once(self, request: JsonObject) -> Mapping[str, Any]:
        """Make the change at hand, exactly once; `request` says what it takes (`tools.changes`)."""
        assert self.action is not None, "only a mutating tool has an action"
        action = replace(self.action, request=request)
        return await once(self.actions, action, partial(CHANGES[action.tool].perform, self.store, request))


def always(state: CallState) -> bool:
    return state.stage is not Stage.TRANSFERRING


@dataclass(frozen=True)
class Tool[A: Arguments]:
    name: str
    description: str
    arguments: type[A]
    run: Callable[[A, ToolContext], Awaitable[Result]]
    offered: Callable[[CallState], bool] = always
    mutating: bool = False
    occasion: Callable[[CallState], int] = lambda state: 0
    """Tells an equal request that means something new (the same order once more, after the first was confirmed) from
    a repeat of the old one. Part of the key."""

    @cached_property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, clean_schema(self.arguments.model_json_schema()))

    def parse(self, arguments: JsonObject) -> A:
        return self.arguments.model_validate(arguments)

    def action(self, arguments: A, context: ToolContext) -> Action:
        values = arguments.model_dump(mode="json", exclude_none=True)
        named = {**values, "occasion": self.occasion(context.state)}
        return Action(context.call_id, context.state.phone or "", self.name, named, context.now)


def clean_schema(schema: JsonObject) -> dict[str, Any]:
    """pydantic's JSON Schema as a model needs it: no titles, no references, no nulls (what is optional is left out)."""
    definitions = schema.get("$defs", {})

    def clean(node: Any) -> Any:
        if isinstance(node, list):
            return [clean(each) for each in node]
        if not isinstance(node, Mapping):
            return node
        if "$ref" in node:
            return clean(definitions[node["$ref"].rpartition("/")[2]])
        if "anyOf" in node:
            real = [each for each in node["anyOf"] if each != {"type": "null"}]
            node = {**{k: v for k, v in node.items() if k != "anyOf"}, **real[0]}
            return clean(node)
        kept = {k: v for k, v in node.items() if k not in ("title", "default", "$defs") or k in definitions}
        if "properties" in kept:
            kept["properties"] = {name: clean(value) for name, value in kept["properties"].items()}
        return {k: v if k == "properties" else clean(v) for k, v in kept.items()}

    result: dict[str, Any] = clean(schema)
    return result
