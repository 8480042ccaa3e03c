"""The real SDK against a real server on loopback that speaks the vendor's event stream, or breaks it."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from engine.config import AnthropicConfig
from engine.dialogue.anthropic_llm import AnthropicModel
from engine.dialogue.anthropic_wire import AnswerDecoder, request_body
from engine.dialogue.llm import (
    Finished,
    Message,
    ModelEvent,
    ModelRequest,
    Started,
    Text,
    TextDelta,
    ToolOutcome,
    ToolSpec,
    ToolUse,
    Usage,
)
from engine.errors import ModelError
from engine.metrics import REGISTRY

REQUEST = ModelRequest("Ти помічник.", [Message("user", (Text("Добрий день"),))])
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def sse(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def text(words: str) -> bytes:
    return sse("content_block_delta", index=0, delta={"type": "text_delta", "text": words})


def arguments(part: str) -> bytes:
    return sse("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": part})


def ending(reason: str) -> bytes:
    return sse("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 7}) + sse("message_stop")


START = sse(
    "message_start",
    message={"id": "msg_1", "usage": {"input_tokens": 5, "cache_read_input_tokens": 90, "output_tokens": 1}},
) + sse("content_block_start", index=0, content_block={"type": "text", "text": ""})
USE = (
    sse("content_block_stop", index=0)
    + sse("content_block_start", index=1, content_block={"type": "tool_use", "id": "t1", "name": "search_tires"})
    + arguments("")
    + arguments('{"width"')
)
ANSWER = (START, text("Так, "), text("є."), ending("end_turn"))
type Step = bytes | float
"""Bytes to send, or seconds to keep silent."""


class Server:
    """Answers the n-th request with the n-th script; keeps what it was asked."""

    def __init__(self, scripts: Sequence[Sequence[Step]], *, raw: bytes = b"") -> None:
        self.bodies: list[dict[str, Any]] = []
        self.connections = 0
        self.disconnected = trio.Event()
        self._scripts = iter(scripts)
        self._raw = raw

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        try:
            async with stream:
                while await self._answer_one(stream):
                    pass
        except trio.BrokenResourceError:
            pass
        self.disconnected.set()

    async def _answer_one(self, stream: trio.SocketStream) -> bool:
        received = b""
        while b"\r\n\r\n" not in received:
            if not (data := await stream.receive_some()):
                return False
            received += data
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length"))
        while len(body) < length:
            body += await stream.receive_some()
        self.bodies.append(json.loads(body))
        if self._raw:
            await stream.send_all(self._raw)
            return False
        await stream.send_all(HEAD)
        for step in next(self._scripts):
            if isinstance(step, bytes):
                await stream.send_all(b"%x\r\n%b\r\n" % (len(step), step))
            elif await self._silence(stream, step):
                return False
        await stream.send_all(b"0\r\n\r\n")
        return True

    @staticmethod
    async def _silence(stream: trio.SocketStream, seconds: float) -> bool:
        """True when the client hangs up, or (a negative time) when it is to be cut off."""
        if seconds < 0:
            return True
        with trio.move_on_after(seconds):
            await stream.receive_some()
            return True
        return False


@asynccontextmanager
async def model(server: Server, **limits: float) -> AsyncIterator[AnthropicModel]:
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, server.serve, listeners)
        port = listeners[0].socket.getsockname()[1]
        config: Any = {"base_url": f"http://127.0.0.1:{port}", "api_key": "k", **limits}
        anthropic_model = AnthropicModel(AnthropicConfig(**config))
        try:
            yield anthropic_model
        finally:
            await anthropic_model.aclose()
            nursery.cancel_scope.cancel()


async def ask(anthropic_model: AnthropicModel, request: ModelRequest = REQUEST) -> list[ModelEvent]:
    async with anthropic_model.stream(request) as events:
        return [event async for event in events]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_text_comes_as_it_is_sent_and_the_connection_is_used_again() -> None:
    server = Server([ANSWER, ANSWER])
    read_before = value("callctl_model_tokens_total", kind="cache_read")
    async with model(server) as anthropic_model:
        for _ in range(2):
            assert await ask(anthropic_model) == [
                Started(Usage(5, 1, 90, 0)),
                TextDelta("Так, "),
                TextDelta("є."),
                Finished("end_turn", Usage(5, 7, 90, 0)),
            ]
    assert server.connections == 1
    assert value("callctl_model_tokens_total", kind="cache_read") - read_before == 180


async def test_tool_use_comes_whole() -> None:
    server = Server(
        [(START, text("Зараз."), USE, arguments(": 205}"), sse("content_block_stop", index=1), ending("tool_use"))]
    )
    async with model(server) as anthropic_model:
        events = await ask(anthropic_model)
    assert events[2:] == [ToolUse("t1", "search_tires", {"width": 205}), Finished("tool_use", Usage(5, 7, 90, 0))]


STATUS = "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (401, False), (404, False), (429, True), (500, True), (529, True)]
)
async def test_refusals(status: int, retryable: bool) -> None:
    server = Server([], raw=STATUS.format(status).encode())
    errors_before = value("callctl_vendor_errors_total", vendor="anthropic")
    async with model(server) as anthropic_model:
        with pytest.raises(ModelError) as caught:
            await ask(anthropic_model)
    assert caught.value.retryable is retryable
    assert value("callctl_vendor_errors_total", vendor="anthropic") - errors_before == 1
    assert len(server.bodies) == 1, "the SDK must not retry behind our back"


PING = sse("ping")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param([5.0], "stalled", id="nothing at all"),
        pytest.param([START, text("Так, "), 5.0], "stalled", id="stall in the middle"),
        pytest.param([START, *[PING, 0.1] * 20], "stalled", id="only pings"),
        pytest.param([START, text("Так, "), -1.0], "RemoteProtocolError", id="cut off"),
        pytest.param([START, text("Так, ")], "in the middle", id="ended early"),
        pytest.param([START, USE, sse("content_block_stop", index=1)], "malformed JSON", id="half the arguments"),
        pytest.param([b"data: {oops\n\n"], "malformed JSON", id="no JSON"),
        pytest.param([sse("message_start")], "malformed message_start", id="fields missing"),
        pytest.param(
            [START, sse("error", error={"type": "overloaded_error", "message": "Overloaded"})],
            "overloaded",
            id="overloaded in the middle",
        ),
    ],
)
async def test_broken_streams_may_be_asked_again(script: list[Step], message: str) -> None:
    short = {"first_event_timeout": 0.4, "gap_timeout": 0.3} if message == "stalled" else {}
    async with model(Server([script]), **short) as anthropic_model:
        with pytest.raises(ModelError, match=message) as caught:
            await ask(anthropic_model)
    assert caught.value.retryable


async def test_nobody_listening() -> None:
    config: Any = {"base_url": "http://127.0.0.1:9", "api_key": "k"}
    anthropic_model = AnthropicModel(AnthropicConfig(**config))
    with pytest.raises(ModelError) as caught:
        await anthropic_model.warm_up()
    assert caught.value.retryable
    await anthropic_model.aclose()


async def leave_early(anthropic_model: AnthropicModel) -> None:
    async with anthropic_model.stream(REQUEST) as events:
        assert await anext(events) == Started(Usage(5, 1, 90, 0))
        assert await anext(events) == TextDelta("Так, ")


async def cancelled(anthropic_model: AnthropicModel) -> None:
    with trio.CancelScope() as scope:
        async with anthropic_model.stream(REQUEST) as events:
            async for _ in events:
                scope.cancel()


@pytest.mark.parametrize("leave", [leave_early, cancelled])
async def test_leaving_closes_the_connection(leave: Callable[[AnthropicModel], Any]) -> None:
    server = Server([(START, text("Так, "), 30.0)])
    async with model(server) as anthropic_model:
        await leave(anthropic_model)
        with trio.fail_after(2):
            await server.disconnected.wait()


async def test_request_as_the_vendor_gets_it() -> None:
    use = ToolUse("t1", "search_tires", {"width": 205})
    messages = [
        Message("user", (Text("Є шини?"),)),
        Message("assistant", (Text("Зараз."), use)),
        Message("user", (ToolOutcome("t1", "", is_error=True),)),
    ]
    tools = [ToolSpec("search_tires", "Пошук", {"type": "object"})]
    server = Server([ANSWER])
    async with model(server) as anthropic_model:
        await ask(anthropic_model, ModelRequest("Ти помічник.", messages, tools, context="Стан: пошук", max_tokens=99))
    assert server.bodies[0] == {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "stream": True,
        "system": [
            {"type": "text", "text": "Ти помічник.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Стан: пошук"},
        ],
        "tools": [{"name": "search_tires", "description": "Пошук", "input_schema": {"type": "object"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Є шини?"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Зараз."},
                    {"type": "tool_use", "id": "t1", "name": "search_tires", "input": {"width": 205}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "{}", "is_error": True}],
            },
        ],
    }


def test_last_message_is_cached_only_without_a_context_before_it() -> None:
    last = request_body(REQUEST, model="m")["messages"][-1]["content"][-1]
    assert last["cache_control"] == {"type": "ephemeral"}


def test_any_cut_of_the_bytes_gives_the_same_events() -> None:
    stream = b"".join((*ANSWER[:3], USE, arguments(": 205}"), sse("content_block_stop", index=1), ANSWER[3]))
    whole = AnswerDecoder().receive(stream)
    assert len(whole) == 5
    for size in (1, 7, 100):
        decoder = AnswerDecoder()
        parts = [decoder.receive(stream[i : i + size]) for i in range(0, len(stream), size)]
        assert [event for part in parts for event in part] == whole
        assert decoder.finished
