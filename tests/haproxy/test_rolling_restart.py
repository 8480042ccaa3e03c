"""Two engines are restarted one after the other while people call: nobody is lost, and nobody notices."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import trio

from ops.emulators.caller import CallEnded, CallerOptions, place_call
from tests.e2e.served import Served
from tests.e2e.world import World
from tests.haproxy.balancer import Balancer, Ports, balancing, calls_active, engine_at

pytestmark = pytest.mark.asterisk

AT_ONCE = 10
DRAIN_SECONDS = 120.0
WELL = "accepted, answered, said goodbye, hung up on"


@dataclass(slots=True)
class Callers:
    """Each calls, asks, says goodbye, and calls again."""

    balancer: Balancer
    fates: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    is_closing: bool = False

    async def one(self) -> None:
        while not self.is_closing:
            self.fates[await self._call()] += 1

    async def _call(self) -> str:
        call_id = uuid4()
        try:
            if not await self.balancer.announce(call_id):
                return "busy"
        except httpx.HTTPError as error:
            return f"not announced: {error}"
        try:
            options = CallerOptions(decodes=False)
            async with place_call(*self.balancer.audiosocket, call_id=call_id, options=options) as caller:
                self.at_once += 1
                await caller.wait_for_bot_turn(quiet_ms=1200)
                await caller.say("Які зимові шини у вас є?")
                await caller.wait_for_bot_turn(quiet_ms=1200)
                await caller.say("Дякую, до побачення")
                ended = await caller.wait_ended()
        except (CallEnded, OSError) as error:
            return f"lost: {type(error).__name__} {error}, then {await self.balancer.next_step(call_id)}"
        finally:
            self.at_once -= 1
        step = await self.balancer.next_step(call_id)
        return WELL if (ended, step) == ("terminated", "hangup") else f"{ended}, then {step}"


async def test_two_engines_are_replaced_under_load(world: World, tmp_path: Path) -> None:
    ports = (Ports.free(), Ports.free())
    async with balancing(ports, tmp_path / "haproxy.log") as balancer, AsyncExitStack() as engines:
        running = [await engines.enter_async_context(engine_at(world, each)) for each in ports]
        callers = Callers(balancer)
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(callers.one)
                await trio.sleep(0.5)
            for number, each in enumerate(ports):
                running[number] = await replaced(running[number], engines, world, each)
                await until_both_talk(running)
            callers.is_closing = True
    print(f"\n  calls                 {callers.fates.total()}, {AT_ONCE} at once")
    for fate, count in callers.fates.most_common():
        print(f"  {count:>4}                  {fate}")
    assert set(callers.fates) == {WELL}


async def replaced(old: Served, engines: AsyncExitStack, world: World, ports: Ports) -> Served:
    """Told to stop in the middle of its calls; another at its place once it has ended."""
    busy_with, began = await calls_active(old), trio.current_time()
    assert busy_with > 0
    old.drain()
    with trio.fail_after(DRAIN_SECONDS):
        assert await old.process.wait() == 0
    print(f"\n  drained               {busy_with:.0f} calls in {trio.current_time() - began:.1f} s")
    return await engines.enter_async_context(engine_at(world, ports))


async def until_both_talk(running: Sequence[Served]) -> None:
    with trio.fail_after(60):
        while not all([await calls_active(engine) for engine in running]):  # noqa: ASYNC110 - other processes
            await trio.sleep(0.2)
