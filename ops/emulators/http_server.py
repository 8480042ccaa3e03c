"""What the HTTP emulators share: a server on its own port, requests that die with their client, faults on the wire.

Before: hypercorn's asyncio worker, which neither tells the bound port nor cancels a request whose client has gone.
After: a FastAPI application that only knows its vendor's contract.
"""

import asyncio
import socket
from collections.abc import Callable

from fastapi import Response
from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops.emulators.faults import FaultInjected, Faults

GRACE_S = 1.0
"""How long a stop waits for hypercorn before it is cancelled."""


class FaultyApp:
    """An application with its vendor's bad days.

    `refusal(status, retry_after_s)` makes the vendor's own error answer. With `acts_before_losing` a request whose
    answer is cut or stalled has been carried out: the case idempotency keys exist for.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        refusal: Callable[[int, float | None], Response],
        *,
        acts_before_losing: bool = False,
    ) -> None:
        self.app = app
        self.faults = faults
        self.refusal = refusal
        self.acts_before_losing = acts_before_losing
        self.abandoned = 0
        """Requests whose client left before the answer was complete."""
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _read_body(receive)
        answer = asyncio.ensure_future(self._answer(scope, body, send))
        gone = asyncio.ensure_future(_wait_disconnected(receive))
        self._running.add(answer)
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._running.discard(answer)
            self.abandoned += answer.cancel()
            gone.cancel()
            await asyncio.wait({answer, gone})
        if not answer.cancelled():
            answer.result()

    def abandon_all(self) -> None:
        """Drop every request under way, stalled ones included."""
        for task in self._running:
            task.cancel()

    async def _answer(self, scope: Scope, body: bytes, send: Send) -> None:
        started = False

        async def watched_send(message: Message, /) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.faults.before_answer()
            await self.app(scope, _replay(body), watched_send)
        except FaultInjected as fault:
            if fault.kind == "fail":
                await self.refusal(int(fault.code), self.faults.retry_after_s)(scope, _replay(body), send)
                return
            if self.acts_before_losing and not started:
                await self.app(scope, _replay(body), _discard)
            if fault.kind == "stall":
                await asyncio.Event().wait()
            if not started:
                await send(_NEVER_FINISHED)


_NEVER_FINISHED: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4096")]}
"""hypercorn closes the connection of an answer left unfinished; it has no way to close one before the head."""


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _wait_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _discard(message: Message, /) -> None:
    pass


class HttpServer:
    """Serves one application on one port: `await start(host, port)`, `await stop()`."""

    def __init__(self, app: FaultyApp) -> None:
        self.app = app
        self._stopping = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the bound port (`port` 0 picks one). Raises OSError if the address is taken."""
        listener = socket.create_server((host, port), backlog=512)
        bound: int = listener.getsockname()[1]
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.errorlog = None
        config.accesslog = None
        config.keep_alive_timeout = 60.0
        config.include_server_header = False
        self._serving = asyncio.create_task(serve(self.app, config, shutdown_trigger=self._stopping.wait))  # type: ignore[arg-type]
        return bound

    async def stop(self) -> None:
        """Close the port and drop what is under way."""
        if self._serving is None:
            return
        self._stopping.set()
        self.app.abandon_all()
        await asyncio.wait({self._serving}, timeout=GRACE_S)
        self._serving.cancel()
        await asyncio.wait({self._serving})
