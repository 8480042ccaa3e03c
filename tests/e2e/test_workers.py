"""`callctl serve --workers`: several engines on one port, and what callers and operators notice when one is lost."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import httpx
import psutil
import pytest
import trio

from ops.emulators.caller import SimulatedCaller, place_call
from ops.emulators.caller_dialplan import next_step
from tests.e2e.rig import PATIENCE, answer, ask, cut_in
from tests.e2e.served import Served, served
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

CALLS = 5
"""That all of them go to one of two workers happens once in 16 runs; the tests do not mind."""
QUIET = {"CALL_SILENCE_PROMPT_AFTER": "120"}
"""Callers wait for workers to start: nobody says goodbye to them meanwhile."""
START_SECONDS = 120.0
"""A new worker imports the vendors' SDKs, beside whatever else the machine does."""
HUNG_SECONDS = 6.0
"""1.5 s on a machine that has time for its supervisor; this one has little."""


def workers(engine: Served) -> list[psutil.Process]:
    return [each for each in psutil.Process(engine.process.pid).children() if "cli.worker" in each.cmdline()]


@asynccontextmanager
async def greeted_callers(engine: Served, count: int) -> AsyncIterator[list[SimulatedCaller]]:
    async with AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(place_call(*engine.audiosocket)) for _ in range(count)]
        for caller in callers:
            await caller.wait_for_bot_turn()
        yield callers


async def ready_workers(engine: Served) -> int:
    async with httpx.AsyncClient() as client:
        body = (await client.get(engine.metrics_url.replace("/metrics", "/readyz"))).json()
    return int(body["workers"]["ready"])


async def wait_for_workers(engine: Served, count: int) -> None:
    with trio.fail_after(START_SECONDS):
        while await ready_workers(engine) != count:  # noqa: ASYNC110 - asked over HTTP
            await trio.sleep(0.05)


async def test_calls_survive_the_death_of_another_worker_which_is_replaced(world: World) -> None:
    async with served(world, "--workers", "2", **QUIET) as engine:
        await wait_for_workers(engine, 2)
        async with greeted_callers(engine, CALLS) as callers:
            victim = workers(engine)[0]
            victim.kill()
            await wait_for_workers(engine, 1)
            await wait_for_workers(engine, 2)
            left = [caller for caller in callers if not caller.end_reason]
            assert all(caller.end_reason != "terminated" for caller in callers), "hung up on in peace"
            world.set("anthropic", script=["Так, є."] * len(left))
            for caller in left:
                assert await ask(caller, "А парковка у вас є?") == "Так, є."
        assert (await engine.samples())["callctl_worker_deaths"] == 1


async def test_a_hung_engine_becomes_a_dead_one_at_once(world: World) -> None:
    """Until its connections close the dialplan believes in it."""
    async with served(world, "--workers", "1", **QUIET) as engine:
        call_id = uuid4()
        async with place_call(*engine.audiosocket, call_id=call_id) as caller:
            await caller.wait_for_bot_turn()
            workers(engine)[0].send_signal(signal.SIGSTOP)
            began = trio.current_time()
            with trio.fail_after(HUNG_SECONDS):
                await caller.wait_ended()
            print(f"\nthe dialplan has its caller back after {trio.current_time() - began:.1f} s")
        await wait_for_workers(engine, 1)
        assert await next_step(engine.web, call_id) == ("operator", "")
        async with place_call(*engine.audiosocket) as again:
            assert await again.wait_for_bot_turn()


async def test_a_drain_reaches_every_worker_and_its_calls_end_well(world: World) -> None:
    async with served(world, "--workers", "2", **QUIET) as engine:
        await wait_for_workers(engine, 2)
        world.set("anthropic", script=["Слухаю.", "Так, є."])
        async with place_call(*engine.audiosocket) as caller:
            await cut_in(caller, "Добрий день")
            assert await answer(caller) == "Слухаю."
            engine.drain()
            await wait_for_workers(engine, 0)
            assert await ask(caller, "А парковка у вас є?") == "Так, є."
            await caller.say("Дякую, до побачення")
            assert await caller.wait_ended() == "terminated"
        with trio.fail_after(PATIENCE):
            assert await engine.process.wait() == 0


async def test_metrics_are_those_of_all(world: World) -> None:
    async with served(world, "--workers", "2", **QUIET) as engine:
        await wait_for_workers(engine, 2)
        async with greeted_callers(engine, CALLS), httpx.AsyncClient() as client:
            text = (await client.get(engine.metrics_url)).text
        active = [
            float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith("callctl_calls_active{")
        ]
        assert len(active) == 2
        assert sum(active) == CALLS
        assert text.count("\nprocess_resident_memory_bytes{") == 2
