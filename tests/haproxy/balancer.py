"""The real HAProxy with the file that is shipped, in front of two engines of ours that are processes of their own."""

import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import trio

from ops.emulators.caller_dialplan import announce, next_step
from tests.e2e.served import Served, served
from tests.e2e.world import World

FILE: Final = Path(__file__).parents[2] / "ops" / "deploy" / "haproxy" / "haproxy.cfg"
SECRET: Final = "dialplan-and-engines-only"
_START_SECONDS: Final = 10.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Ports:
    audiosocket: int
    http: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(free_port(), free_port())


@dataclass(frozen=True, slots=True)
class Balancer:
    """As the dialplan sees it."""

    audiosocket: tuple[str, int]
    web: httpx.AsyncClient

    async def announce(self, call_id: UUID) -> bool:
        return await announce(self.web, call_id, secret=SECRET)

    async def next_step(self, call_id: UUID) -> str:
        return (await next_step(self.web, call_id, secret=SECRET))[0]


def environment(own: Ports, engines: tuple[Ports, Ports], **more: str) -> Mapping[str, str]:
    """What the file leaves open."""
    variables = {"CALLCTL_BIND_AUDIOSOCKET": own.audiosocket, "CALLCTL_BIND_HTTP": own.http}
    for number, ports in enumerate(engines, 1):
        variables[f"CALLCTL_{number}_AUDIOSOCKET"] = ports.audiosocket
        variables[f"CALLCTL_{number}_HTTP"] = ports.http
    hosts = {"CALLCTL_1_HOST": "127.0.0.1", "CALLCTL_2_HOST": "127.0.0.1"}
    return {**os.environ, **hosts, **{name: str(port) for name, port in variables.items()}, **more}


@asynccontextmanager
async def balancing(engines: tuple[Ports, Ports], log: Path, **more: str) -> AsyncIterator[Balancer]:
    """HAProxy, listening. Its log is left in `log`."""
    own = Ports.free()
    command = ["haproxy", "-db", "-f", str(FILE)]
    with log.open("w") as stream:
        run = partial(
            trio.run_process, env=environment(own, engines, **more), stdout=stream, stderr=stream, check=False
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(run, command)
            with trio.fail_after(_START_SECONDS):
                await _listening(own.audiosocket)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{own.http}", timeout=5) as web:
                yield Balancer(("127.0.0.1", own.audiosocket), web)
            nursery.cancel_scope.cancel()


async def _listening(port: int) -> None:
    while True:
        try:
            await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
        except OSError:
            await trio.sleep(0.05)
        else:
            return


@asynccontextmanager
async def engine_at(world: World, ports: Ports, **more: str) -> AsyncIterator[Served]:
    """One engine, ready. Its calls come by HAProxy's address, which is ours, too."""
    settings = {
        "AUDIOSOCKET_PORT": str(ports.audiosocket), "HTTP_PORT": str(ports.http), "HTTP_INTERNAL_SECRET": SECRET,
        "CALL_ACCEPT_UNREGISTERED": "false", "CALL_DRAIN_SECONDS": "120", "CALL_MAX_LATENESS_MS": "5000", **more,
    }  # fmt: skip
    async with served(world, **settings) as engine:
        yield engine


@dataclass(slots=True)
class Pair:
    """Two engines behind HAProxy."""

    first: Served
    second: Served
    balancer: Balancer

    async def active(self) -> tuple[float, float]:
        """Calls in progress on each."""
        return await calls_active(self.first), await calls_active(self.second)


@asynccontextmanager
async def pair(world: World, log: Path, **more: str) -> AsyncIterator[Pair]:
    ports = Ports.free(), Ports.free()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(engine_at(world, ports[0], **more))
        second = await stack.enter_async_context(engine_at(world, ports[1], **more))
        yield Pair(first, second, await stack.enter_async_context(balancing(ports, log)))


async def calls_active(engine: Served) -> float:
    return (await engine.samples()).get("callctl_calls_active", 0.0)


def freeze(engine: Served) -> None:
    """It hangs: its connections stay, and nothing answers."""
    engine.process.send_signal(signal.SIGSTOP)
