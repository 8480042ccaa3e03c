"""What the Messages API refuses, in its own words: a history with an orphaned tool call fails here as it would there.

Source: docs.anthropic.com, "Messages" and "Errors"; the wording of tool pairing errors as the service sends them.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_REQUIRED = ("model", "max_tokens", "messages")
_OPTIONAL = (
    *("system", "tools", "tool_choice", "stream", "metadata", "thinking", "cache_control"),
    *("temperature", "top_p", "top_k", "stop_sequences", "service_tier", "output_config"),
)
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_MAX_CACHE_BREAKPOINTS = 4
_BLOCKS = {
    "user": ("text", "image", "document", "tool_result"),
    "assistant": ("text", "tool_use", "thinking", "redacted_thinking"),
}


class InvalidRequest(Exception):
    """The request is refused with 400 `invalid_request_error`; the message is the vendor's."""


def check_request(body: Any) -> None:
    """Raises `InvalidRequest` for the first thing wrong with a decoded request body."""
    if not isinstance(body, Mapping):
        raise InvalidRequest("Input should be a valid dictionary")
    for name in _REQUIRED:
        if name not in body:
            raise InvalidRequest(f"{name}: Field required")
    for name in body:
        if name not in _REQUIRED and name not in _OPTIONAL:
            raise InvalidRequest(f"{name}: Extra inputs are not permitted")
    if not isinstance(body["model"], str) or not body["model"]:
        raise InvalidRequest("model: Input should be a valid string")
    if not isinstance(body["max_tokens"], int) or isinstance(body["max_tokens"], bool):
        raise InvalidRequest("max_tokens: Input should be a valid integer")
    if body["max_tokens"] < 1:
        raise InvalidRequest("max_tokens: Input should be greater than or equal to 1")
    _check_system(body.get("system", ""))
    _check_tools(body.get("tools", []))
    _check_tool_choice(body.get("tool_choice"), body.get("tools", []))
    _check_messages(body["messages"])
    breakpoints = sum("cache_control" in block for block in cacheable_blocks(body))
    if breakpoints > _MAX_CACHE_BREAKPOINTS:
        raise InvalidRequest(
            f"A maximum of {_MAX_CACHE_BREAKPOINTS} blocks with cache_control may be provided. Found {breakpoints}."
        )


def content_blocks(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """A message's content as blocks: a bare string is one text block."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _check_system(system: Any) -> None:
    if isinstance(system, str):
        return
    if not isinstance(system, list):
        raise InvalidRequest("system: Input should be a valid list")
    for index, block in enumerate(system):
        if not isinstance(block, Mapping) or block.get("type") != "text":
            raise InvalidRequest(f"system.{index}.type: Input should be 'text'")
        _check_text(block, f"system.{index}", "system")


def _check_tools(tools: Any) -> None:
    if not isinstance(tools, list):
        raise InvalidRequest("tools: Input should be a valid list")
    for index, tool in enumerate(tools):
        where = f"tools.{index}.custom"
        if not isinstance(tool.get("name"), str):
            raise InvalidRequest(f"{where}.name: Field required")
        if not _TOOL_NAME.fullmatch(tool["name"]):
            raise InvalidRequest(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if not isinstance(tool.get("input_schema"), Mapping):
            raise InvalidRequest(f"{where}.input_schema: Field required")
        if tool["input_schema"].get("type") != "object":
            raise InvalidRequest(f"{where}.input_schema.type: Input should be 'object'")
    if len({tool["name"] for tool in tools}) < len(tools):
        raise InvalidRequest("tools: Tool names must be unique.")


def _check_tool_choice(choice: Any, tools: Sequence[Mapping[str, Any]]) -> None:
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, Mapping) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise InvalidRequest("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
    if kind != "none" and not tools:
        raise InvalidRequest("tool_choice may only be specified while providing tools.")
    if kind == "tool" and choice.get("name") not in {tool["name"] for tool in tools}:
        raise InvalidRequest(f"Tool '{choice.get('name')}' not found in provided tools")


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list):
        raise InvalidRequest("messages: Input should be a valid list")
    if not messages:
        raise InvalidRequest("messages: at least one message is required")
    for index, message in enumerate(messages):
        _check_message(message, index, is_last=index == len(messages) - 1)
    if messages[0]["role"] != "user":
        raise InvalidRequest('messages: first message must use the "user" role')
    _check_pairs(messages)
    last = content_blocks(messages[-1])
    if messages[-1]["role"] == "assistant" and last and last[-1].get("text", "").endswith((" ", "\n")):
        raise InvalidRequest("messages: final assistant content cannot end with trailing whitespace")


def _check_message(message: Any, index: int, *, is_last: bool) -> None:
    role = message.get("role") if isinstance(message, Mapping) else None
    if role == "system":
        raise InvalidRequest(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
            'not "system" as an input message role.'
        )
    if role not in _BLOCKS:
        raise InvalidRequest(f"messages.{index}.role: Input should be 'user' or 'assistant'")
    if not isinstance(message.get("content"), str | list):
        raise InvalidRequest(f"messages.{index}.content: Field required")
    if not message["content"] and not (is_last and role == "assistant"):
        raise InvalidRequest(
            f"messages.{index}: all messages must have non-empty content "
            "except for the optional final assistant message"
        )
    for position, block in enumerate(content_blocks(message)):
        where = f"messages.{index}.content.{position}"
        kind = block.get("type") if isinstance(block, Mapping) else None
        if kind not in _BLOCKS[role]:
            raise InvalidRequest(
                f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
            )
        if kind == "text":
            _check_text(block, where, "messages")
        elif kind == "tool_use":
            _require(block, where, {"id": str, "name": str, "input": Mapping})
        elif kind == "tool_result":
            _require(block, where, {"tool_use_id": str})


def _check_text(block: Mapping[str, Any], where: str, subject: str) -> None:
    text = block.get("text")
    if not isinstance(text, str):
        raise InvalidRequest(f"{where}.text: Field required")
    if not text:
        raise InvalidRequest(f"{subject}: text content blocks must be non-empty")
    if not text.strip():
        raise InvalidRequest(f"{subject}: text content blocks must contain non-whitespace text")


def _require(block: Mapping[str, Any], where: str, types: Mapping[str, type]) -> None:
    for name, type_ in types.items():
        if not isinstance(block.get(name), type_):
            raise InvalidRequest(f"{where}.{block['type']}.{name}: Field required")


def _check_pairs(messages: Sequence[Mapping[str, Any]]) -> None:
    """Every `tool_use` is answered at the start of the very next message, and nothing else is."""
    seen: set[str] = set()
    asked: list[str] = []
    for index, message in enumerate(messages):
        blocks = content_blocks(message)
        leading = itertools.takewhile(lambda block: block["type"] == "tool_result", blocks)
        answered = {block["tool_use_id"] for block in leading}
        missing = [id_ for id_ in asked if id_ not in answered]
        if missing:
            raise _orphaned(index - 1, missing)
        for position, block in enumerate(blocks):
            if block["type"] == "tool_result" and block["tool_use_id"] not in asked:
                raise InvalidRequest(
                    f"messages.{index}.content.{position}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block "
                    "in the previous message."
                )
        asked = [block["id"] for block in blocks if block["type"] == "tool_use"]
        for position, id_ in enumerate(asked):
            if id_ in seen:
                raise InvalidRequest(f"messages.{index}.content.{position}: `tool_use` ids must be unique")
            seen.add(id_)
    if asked:
        raise _orphaned(len(messages) - 1, asked)


def _orphaned(index: int, ids: Sequence[str]) -> InvalidRequest:
    return InvalidRequest(
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(ids)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def cacheable_blocks(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The blocks of a checked request in the order the cache sees them: tools, system, messages."""
    yield from body.get("tools", [])
    if not isinstance(body.get("system", ""), str):
        yield from body["system"]
    for message in body["messages"]:
        yield from content_blocks(message)
