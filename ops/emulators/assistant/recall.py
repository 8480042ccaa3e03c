"""The memory of a call, from its messages."""

import json
from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import Any

from ops.emulators.assistant.hearing import hear, said
from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.results import read_result


def recall(messages: Sequence[Mapping[str, Any]], tools: Set[str], today: date) -> tuple[Memory, str | None, Json]:
    """The memory, and when the last message only answers a tool: that tool's name and result."""
    memory = Memory(tools, today)
    asked: dict[str, Mapping[str, Any]] = {}
    answered: str | None = None
    result: Json = {}
    for message in messages:
        answered, spoken = None, []
        for block in _blocks(message):
            if block["type"] == "tool_use":
                asked[block["id"]] = block
            elif block["type"] == "tool_result":
                use = asked[block["tool_use_id"]]
                answered, result = use["name"], _result(block)
                if "error" not in result:
                    read_result(memory, answered, use["input"], result)
            elif block["type"] == "text":
                spoken.append(block["text"])
        if message["role"] == "assistant":
            said(memory, " ".join(spoken))
        elif spoken:
            hear(memory, " ".join(spoken))
            answered = None
    return memory, answered, result


def _blocks(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _result(block: Mapping[str, Any]) -> Json:
    """A tool's answer; anything that is not the agreed JSON object counts as an error."""
    content = block.get("content", "")
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {"error": text}
    if not isinstance(value, dict):
        return {"error": text}
    return value | ({"error": value.get("error", text)} if block.get("is_error") else {})
