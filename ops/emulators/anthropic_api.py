"""The emulated Messages API of Anthropic: the vendor's wire in front of the rule-based shop assistant.

`POST /v1/messages`, streaming or not. A scripted reply set over the control comes before the rules. Before: the
`anthropic` SDK, or anything that speaks to the vendor. After: `assistant.decide`.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from ops.emulators.anthropic_api_stream import Answer, answer, due_s, timed_events
from ops.emulators.anthropic_api_usage import PromptCache
from ops.emulators.anthropic_api_validation import InvalidRequest, check_request
from ops.emulators.assistant import decide
from ops.emulators.assistant.judge import NONSENSE, forced_tool, judge
from ops.emulators.assistant.reply import Reply
from ops.emulators.faults import Faults
from ops.emulators.http_server import FaultyApp, HttpServer

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_FAULT_MESSAGES = {
    429: "This request would exceed your organization's rate limit. Please try again later.",
    529: "Overloaded",
}


@dataclass(slots=True)
class AnthropicSettings:
    first_token_ms: float = 300
    tokens_per_second: float = 50
    """0: all at once."""
    script: list[Any] = field(default_factory=list)
    """Replies given before the rules are asked, first to last; each as `Reply.from_json` takes it."""
    nonsense_verdicts: int = 0
    """So many of the next verdicts on calls cannot be read."""


@dataclass(slots=True)
class AnthropicCounters:
    requests: int = 0
    invalid: int = 0
    last_error: str = ""
    tool_uses: dict[str, int] = field(default_factory=dict)


def kyiv_today() -> date:
    return datetime.now(ZoneInfo("Europe/Kyiv")).date()


class AnthropicEmulator:
    """The emulator; `start` and `stop` own its port."""

    def __init__(self, faults: Faults, *, today: Callable[[], date] = kyiv_today) -> None:
        self.faults = faults
        self.settings = AnthropicSettings()
        self._today = today
        self._counters = AnthropicCounters()
        self._cache = PromptCache()
        app = FastAPI(title="Emulated Messages API", openapi_url=None)
        app.add_api_route("/v1/messages", self._messages, methods=["POST"])
        app.add_exception_handler(404, _not_found)
        self._faulty = FaultyApp(app, faults, _refusal)
        self._server = HttpServer(self._faulty)

    async def start(self, host: str, port: int) -> int:
        return await self._server.start(host, port)

    async def stop(self) -> None:
        await self._server.stop()

    def counters(self) -> Mapping[str, Any]:
        counted = self._counters
        return {
            "requests": counted.requests,
            "invalid": counted.invalid,
            "last_error": counted.last_error,
            "abandoned": self._faulty.abandoned,
            "tool_uses": dict(counted.tool_uses),
        }

    def reset_counters(self) -> None:
        self._counters = AnthropicCounters()
        self._faulty.abandoned = 0

    async def _messages(self, request: Request) -> Response:
        arrived = asyncio.get_running_loop().time()
        self._counters.requests += 1
        refused = _unauthorized(request)
        if refused is not None:
            return refused
        try:
            body = json.loads(await request.body())
            check_request(body)
        except json.JSONDecodeError as error:
            return self._invalid(f"The request body is not valid JSON: {error}")
        except InvalidRequest as error:
            return self._invalid(str(error))
        message = answer(
            self._reply(body),
            model=body["model"],
            max_tokens=body["max_tokens"],
            input_usage=self._cache.usage(body, time.monotonic()),
        )
        if body.get("stream"):
            return EventStream(message, arrived, self.settings, self.faults)
        await _sleep_until(arrived + self._whole_answer_s(message))
        return JSONResponse(message.as_message(), headers=_request_id())

    def _reply(self, body: Mapping[str, Any]) -> Reply:
        if self.settings.script:
            reply = Reply.from_json(self.settings.script.pop(0))
        elif tool := forced_tool(body):
            reply = self._verdict(body, tool)
        else:
            names = frozenset(tool["name"] for tool in body.get("tools", []))
            reply = decide(body["messages"], names, today=self._today())
        for use in reply.tool_uses:
            self._counters.tool_uses[use.name] = self._counters.tool_uses.get(use.name, 0) + 1
        return reply

    def _verdict(self, body: Mapping[str, Any], tool: str) -> Reply:
        if self.settings.nonsense_verdicts > 0:
            self.settings.nonsense_verdicts -= 1
            return NONSENSE
        return judge(body["messages"], tool)

    def _whole_answer_s(self, message: Answer) -> float:
        *_, last = timed_events(message)
        return due_s(
            last, first_token_ms=self.settings.first_token_ms, tokens_per_second=self.settings.tokens_per_second
        )

    def _invalid(self, message: str) -> Response:
        self._counters.invalid += 1
        self._counters.last_error = message
        return _error(400, message)


class EventStream(Response):
    """The streaming answer: every event at its absolute deadline, so that a late one does not delay the rest."""

    def __init__(self, message: Answer, arrived: float, settings: AnthropicSettings, faults: Faults) -> None:
        super().__init__(media_type="text/event-stream", headers=_request_id() | {"cache-control": "no-cache"})
        del self.headers["content-length"]
        self._message = message
        self._arrived = arrived
        self._settings = settings
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for index, event in enumerate(timed_events(self._message)):
            due = due_s(
                event,
                first_token_ms=self._settings.first_token_ms,
                tokens_per_second=self._settings.tokens_per_second,
            )
            await _sleep_until(self._arrived + due)
            self._faults.before_event(index)
            await send({"type": "http.response.body", "body": event.data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _sleep_until(deadline: float) -> None:
    """`deadline` on the loop's clock. Returns at once, without a trip through the loop, when it has passed."""
    remaining = deadline - asyncio.get_running_loop().time()
    if remaining > 0:
        await asyncio.sleep(remaining)


def _unauthorized(request: Request) -> Response | None:
    if not request.headers.get("x-api-key") and not request.headers.get("authorization"):
        return _error(401, "x-api-key header is required")
    if not request.headers.get("anthropic-version"):
        return _error(400, "anthropic-version: header is required")
    return None


def _request_id() -> dict[str, str]:
    return {"request-id": "req_01" + secrets.token_hex(11)}


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    ids = _request_id()
    body = {
        "type": "error",
        "error": {"type": ERROR_TYPES.get(status, "api_error"), "message": message},
        "request_id": ids["request-id"],
    }
    return JSONResponse(body, status, headers={**ids, **(headers or {})})


def _refusal(status: int, retry_after_s: float | None) -> Response:
    headers = {} if retry_after_s is None else {"retry-after": f"{retry_after_s:g}"}
    return _error(status, _FAULT_MESSAGES.get(status, "Internal server error"), headers)


async def _not_found(request: Request, error: Exception) -> Response:
    return _error(404, "Not found")
