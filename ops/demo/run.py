"""Everything up, one scripted caller, the verdict: the engine as it is, nothing simulated inside it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import trio

from engine.call.events import CallEvent
from engine.config import Config
from engine.errors import EngineError
from engine.server import Listening, import_vendors, serve
from ops.demo.conversation import STEPS, Evidence, judge, new_caller
from ops.embedded.world import Overrides, embedded_world
from ops.emulators.caller import CallerOptions, SimulatedCaller, place_call
from ops.emulators.caller_dialplan import announce
from ops.emulators.caller_ears import HearingStatistics
from ops.emulators.caller_script import Heard, perform

_PORTS: Overrides = {"audiosocket": {"port": 0}, "http": {"port": 0, "metrics_port": 0}}
"""Free ones: a demo must not collide with an engine that is running."""
_WELCOME_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class DemoResult:
    checks: Mapping[str, bool]
    order: Mapping[str, Any] | None
    hearing: HearingStatistics
    heard: Sequence[Heard]
    start_seconds: float
    """From nothing to ready for the call."""
    call_seconds: float

    @property
    def ok(self) -> bool:
        return all(self.checks.values())


@dataclass(frozen=True, slots=True)
class DemoWatcher:
    """Told as it happens: what is up, each event of the call."""

    progress: Callable[[str], None]
    event: Callable[[CallEvent], None]


async def run_demo(watcher: DemoWatcher, *, record: Path | None = None) -> DemoResult:
    """Start what is not configured, hold the conversation, tear everything down."""
    started_at = trio.current_time()
    Thread(target=import_vendors, daemon=True).start()  # while the world comes up
    events: list[CallEvent] = []

    def observe(event: CallEvent) -> None:
        events.append(event)
        watcher.event(event)

    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(embedded_world(Config.from_env(_PORTS), progress=watcher.progress))
        config = Config.from_env({**world.overrides, **_PORTS})
        nursery = await stack.enter_async_context(trio.open_nursery())
        stop = trio.Event()
        engine = await nursery.start(partial(serve, stop=stop, observers=[observe]), config)
        watcher.progress("engine")
        ready_at = trio.current_time()
        caller, heard = await _call(engine, record)
        call_seconds = trio.current_time() - ready_at
        stop.set()
        orders = await _orders(world.addresses.get("control", ""))
        evidence = Evidence(events, orders, caller.ears.statistics().checksum_errors, caller.end_reason)
        return DemoResult(
            judge(evidence), evidence.confirmed_order(), caller.ears.statistics(), heard, ready_at - started_at,
            call_seconds,
        )  # fmt: skip


async def _call(engine: Listening, record: Path | None) -> tuple[SimulatedCaller, Sequence[Heard]]:
    call_id, heard = uuid4(), list[Heard]()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.http_port}") as client:
        await _announced(client, call_id)
    options = CallerOptions(records=record is not None)
    async with place_call(*engine.audiosocket, call_id=call_id, options=options) as caller:
        await perform(caller, STEPS, heard.append)
        with trio.move_on_after(5):
            await caller.wait_ended()
    if record is not None and caller.recording is not None:
        caller.recording.write_wav(record)
    return caller, heard


async def _announced(client: httpx.AsyncClient, call_id: UUID) -> None:
    """Where everything has only just started, calls are not welcome for a moment: the clock was late."""
    caller, until = new_caller(), trio.current_time() + _WELCOME_SECONDS
    while not await announce(client, call_id, caller=caller):
        if trio.current_time() > until:
            raise EngineError("the engine takes no call: this machine is too busy, or set CALL_MAX_LATENESS_MS higher")
        await trio.sleep(0.5)


async def _orders(control: str) -> Sequence[Mapping[str, Any]]:
    if not control:
        return ()
    async with httpx.AsyncClient(base_url=control) as client:
        counters = (await client.get("/control")).json()["store"]["counters"]
    orders: Sequence[Mapping[str, Any]] = counters["orders"]
    return orders
