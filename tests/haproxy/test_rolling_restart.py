"""Two engines are restarted one after the other while people call: nobody is lost, and nobody notices."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
import trio

from ops.emulators.caller import CallEnded, CallerOptions, SimulatedCaller, place_call
from tests.e2e.served import Served
from tests.e2e.world import World
from tests.haproxy.balancer import Balancer, Ports, balancing, calls_active, engine_at

pytestmark = pytest.mark.asterisk

AT_ONCE = 10
DRAIN_SECONDS = 120.0
WELL = "accepted, answered, said goodbye, hung up on"
OPERATOR = "sent to the operators before a word was said"
"""Nobody lost, and on a quiet machine nobody at all."""
PATIENT = "10s"
"""Silence that an engine is forgiven on a machine that is busy with other things."""


@dataclass(slots=True)
class Callers:
    """Each calls, asks, says goodbye, and calls again."""

    balancer: Balancer
    fates: Counter[str] = field(default_factory=Counter)
    is_closing: bool = False

    async def one(self) -> None:
        while not self.is_closing:
            self.fates[await self._call()] += 1

    async def _call(self) -> str:
        call_id = uuid4()
        if not await self._admitted(call_id):
            return OPERATOR
        fate = "not connected"
        with suppress(OSError):
            options = CallerOptions(decodes=False)
            async with place_call(*self.balancer.audiosocket, call_id=call_id, options=options) as caller:
                try:
                    await converse(caller)
                    fate = await caller.wait_ended()
                except CallEnded:
                    fate = f"lost by {caller.end_reason}"
        step = await self.balancer.next_step(call_id)
        return WELL if (fate, step) == ("terminated", "hangup") else f"{fate}, then {step}"

    async def _admitted(self, call_id: UUID) -> bool:
        """Asked twice, as the dialplan does whose list names the balancer twice."""
        for _ in range(2):
            with suppress(httpx.HTTPError):
                if await self.balancer.announce(call_id):
                    return True
        return False


async def converse(caller: SimulatedCaller) -> None:
    await caller.wait_for_bot_turn(quiet_ms=1200)
    await caller.say("Які зимові шини у вас є?")
    await caller.wait_for_bot_turn(quiet_ms=1200)
    await caller.say("Дякую, до побачення")


async def test_two_engines_are_replaced_under_load(world: World, tmp_path: Path) -> None:
    ports = (Ports.free(), Ports.free())
    log = tmp_path / "haproxy.log"
    async with balancing(ports, log, CALLCTL_SILENCE=PATIENT) as balancer, trio.open_nursery() as engines:
        running: list[Served] = [await engines.start(run_engine, world, each) for each in ports]
        callers = Callers(balancer)
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(callers.one)
                await trio.sleep(0.5)
            for number, each in enumerate(ports):
                await drained(running[number])
                running[number] = await engines.start(run_engine, world, each)
                await until_both_talk(running)
            callers.is_closing = True
        for engine in running:
            engine.drain()
    print(f"\n  calls                 {callers.fates.total()}, {AT_ONCE} at once")
    for fate, count in callers.fates.most_common():
        print(f"  {count:>4}                  {fate}")
    assert set(callers.fates) <= {WELL, OPERATOR}
    assert callers.fates[WELL] >= 2 * AT_ONCE


async def run_engine(world: World, ports: Ports, task_status: trio.TaskStatus[Served]) -> None:
    """In a task of its own, until it has ended."""
    async with engine_at(world, ports) as engine:
        task_status.started(engine)
        await engine.process.wait()


async def drained(engine: Served) -> None:
    """Told to stop in the middle of its calls, and waited for."""
    busy_with, began = await calls_active(engine), trio.current_time()
    assert busy_with > 0
    engine.drain()
    with trio.fail_after(DRAIN_SECONDS):
        assert await engine.process.wait() == 0
    print(f"\n  drained               {busy_with:.0f} calls in {trio.current_time() - began:.1f} s")


async def until_both_talk(running: Sequence[Served]) -> None:
    with trio.fail_after(60):
        while not all([await calls_active(engine) for engine in running]):  # noqa: ASYNC110 - other processes
            await trio.sleep(0.2)
