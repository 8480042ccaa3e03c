"""Health, metrics, and serving both over real sockets."""

from functools import partial
from uuid import uuid4

import httpx
import pytest
import trio
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from engine.cache import Cache
from engine.config import HttpConfig, RedisConfig
from engine.errors import ConfigError
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import SharedRegistry
from engine.web.app import create_app, create_metrics_app
from engine.web.health import Readiness
from engine.web.serve import WebPorts, serve_web

ANY_PORT = HttpConfig(port=0, metrics_port=0)


def readiness() -> Readiness:
    return Readiness(CallRegistry(1, lambda: 0.0), warmed_up=True)


def app_of(config: HttpConfig, readiness: Readiness) -> FastAPI:
    shared = SharedRegistry(readiness.registry, Cache(RedisConfig(url=SecretStr(""))), readiness.reasons)
    return create_app(config, shared, readiness)


async def ask_ready(readiness: Readiness, path: str = "/readyz") -> tuple[int, list[str]]:
    app = app_of(HttpConfig(), readiness)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://engine") as client:
        answer = await client.get(path)
        assert (await client.get("/healthz")).status_code == 200
        return answer.status_code, answer.json()["reasons"]


async def test_ready_once_warm_with_room_and_not_draining() -> None:
    ready = readiness()
    assert await ask_ready(ready) == (200, [])
    ready.warmed_up = False
    assert await ask_ready(ready) == (503, ["warming_up"])


async def test_strangers_are_told_no_numbers() -> None:
    ready = readiness()
    ready.registry.register(uuid4())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(HttpConfig(), ready)), base_url="http://x"
    ) as client:
        for path in ("/readyz", "/readyz/media"):
            assert (await client.get(path)).json().keys() == {"status", "reasons"}


async def test_not_ready_when_full() -> None:
    ready = readiness()
    ready.registry.register(uuid4())
    assert await ask_ready(ready) == (503, ["at_capacity"])


async def test_not_ready_when_draining() -> None:
    ready = readiness()
    ready.registry.drain()
    assert await ask_ready(ready) == (503, ["draining"])


async def test_media_is_welcome_while_full_but_not_while_draining() -> None:
    ready = readiness()
    ready.registry.register(uuid4())
    assert await ask_ready(ready, "/readyz/media") == (200, ["at_capacity"])
    ready.registry.drain()
    assert await ask_ready(ready, "/readyz/media") == (404, ["draining"])
    assert await ask_ready(Readiness(ready.registry), "/readyz/media") == (404, ["warming_up", "draining"])


async def test_both_ports_serve_and_stop_when_told(nursery: trio.Nursery) -> None:
    ready = readiness()
    stop = trio.Event()
    stopped = trio.Event()
    app = app_of(ANY_PORT, ready)

    async def serve(*, task_status: trio.TaskStatus[WebPorts]) -> None:
        await serve_web(ANY_PORT, app, create_metrics_app(), stop=stop, task_status=task_status)
        stopped.set()

    ports: WebPorts = await nursery.start(serve)
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{ports.http}/readyz")).json()["status"] == "ready"
        metrics = await client.get(f"http://127.0.0.1:{ports.metrics}/metrics")
        assert (await client.get(f"http://127.0.0.1:{ports.http}/metrics")).status_code == 404
    assert metrics.headers["content-type"].startswith("text/plain")
    for series in ("callctl_calls_active", "process_resident_memory_bytes", "python_info", "python_gc_collections"):
        assert series in metrics.text
    stop.set()
    with trio.fail_after(5):
        await stopped.wait()
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", ports.http)


async def test_an_endless_announcement_is_cut_off(nursery: trio.Nursery) -> None:
    ready = readiness()
    app = app_of(ANY_PORT, ready)
    ports: WebPorts = await nursery.start(serve_web, ANY_PORT, app, create_metrics_app())
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{ports.http}/internal/calls", content=b"x" * 20_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    nursery.cancel_scope.cancel()


async def test_a_request_in_progress_is_answered_during_the_stop(nursery: trio.Nursery) -> None:
    arrived, stop = trio.Event(), trio.Event()

    async def slow(_request: Request) -> PlainTextResponse:
        arrived.set()
        await stop.wait()
        await trio.sleep(0.05)
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/", slow)])
    ports: WebPorts = await nursery.start(partial(serve_web, ANY_PORT, app, create_metrics_app(), stop=stop))
    answers: list[str] = []

    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            answers.append((await client.get(f"http://127.0.0.1:{ports.http}/")).text)

    async with trio.open_nursery() as asking:
        asking.start_soon(ask)
        await arrived.wait()
        stop.set()
    assert answers == ["done"]


async def test_a_port_in_use_is_an_error_at_once() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    ready = readiness()
    app = app_of(ANY_PORT, ready)
    config = HttpConfig(port=port, metrics_port=0)
    with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match="HTTP_PORT"), flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_web, config, app, create_metrics_app())
    await listeners[0].aclose()
