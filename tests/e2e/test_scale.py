"""Many calls: a hundred at once come through whole, five hundred in a row leave nothing behind, a thousand hostile
connections leave a log line each. Wants a machine to itself: `nox -s tests -- -m scale`."""

import gc
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

import psutil
import pytest
import structlog.testing
import trio

from engine.call.events import CallEnded
from engine.call.states import Outcome, State
from engine.wire.events import Connected
from ops.emulators.caller import CallerOptions, SimulatedCaller, place_call
from ops.emulators.caller_dialplan import announce
from tests.e2e.rig import Engine, ask, running_engine
from tests.e2e.served import served
from tests.e2e.world import World
from tests.transport.audiosocket_rig import Caller

pytestmark = [pytest.mark.e2e, pytest.mark.scale]

QUESTION: Final = "Які є зимові шини на Камрі?"
ANSWER: Final = "зимові двісті"
AT_ONCE: Final = 100
PATIENT: Final = {
    "CALL_SILENCE_PROMPT_AFTER": "200", "TURN_APOLOGY_AFTER_MS": "60000", "AUDIOSOCKET_UUID_TIMEOUT": "20",
}  # fmt: skip
"""Three busy processes may have to share their cores with others."""
MOST: Final = 0.9
IN_A_ROW: Final = 500
WARM_UP: Final = 100
"""Calls until pools, caches and the allocator have what they need."""
TALK_EVERY: Final = 125
"""The calls in between only hear the bot's first words."""
MOST_GROWTH: Final = 12 * 2**20
"""Bytes, over 400 calls: a session that stayed would be more, the allocator's mood is less."""
IN_POOLS: Final = 8
"""Connections and worker threads that are kept for the next call: some more or less, but not one for each call."""
HOSTILE: Final = 1000
HOSTILE_AT_ONCE: Final = 250


# A hundred at once.


async def test_a_hundred_calls_at_once_come_through_whole(world: World) -> None:
    async with served(world, **PATIENT) as engine:
        host, port = engine.audiosocket
        command = [sys.executable, "-m", "tests.e2e.crowd", host, str(port), str(AT_ONCE)]
        output = await trio.run_process(command, capture_stdout=True)
    crowd = json.loads(output.stdout)
    assert set(crowd["failures"]) <= {"no answer"}, "nobody was cut off; late answers are the machine's"
    assert len(crowd["calls"]) == AT_ONCE
    assert [damage for call in crowd["calls"] for damage in call["damage"]] == []
    assert all("Чим можу допомогти?" in call["heard"] for call in crowd["calls"])
    answered = sum(bool(call["heard"].partition("допомогти?")[2]) for call in crowd["calls"])
    assert answered >= AT_ONCE * MOST, "on a machine with cores to spare it is all of them"


# Five hundred in a row.


@dataclass(frozen=True, slots=True)
class Footprint:
    """What this process holds; the engine runs in it."""

    tasks: int
    descriptors: int
    threads: int
    memory: int

    @classmethod
    def now(cls) -> "Footprint":
        gc.collect()
        process = psutil.Process()
        tasks = trio.lowlevel.current_statistics().tasks_living
        return cls(tasks, process.num_fds(), process.num_threads(), process.memory_info().rss)


async def test_five_hundred_calls_in_a_row_leave_nothing_behind(world: World) -> None:
    async with running_engine(world) as engine:
        await _calls(engine, WARM_UP)
        before = Footprint.now()
        await _calls(engine, IN_A_ROW - WARM_UP)
        after = Footprint.now()
    assert after.tasks == before.tasks
    assert after.descriptors <= before.descriptors + IN_POOLS
    assert after.threads <= before.threads + IN_POOLS
    assert after.memory - before.memory < MOST_GROWTH


async def _calls(engine: Engine, count: int) -> None:
    for number in range(count):
        engine.events.clear()
        async with _brief_call(engine) as caller:
            if number % TALK_EVERY == 0:
                await engine.in_state(caller, State.LISTENING)
                assert ANSWER in await ask(caller, QUESTION)
            else:
                while not caller.ears.is_bot_speaking:  # noqa: ASYNC110 - a caller with no script to wait in
                    await trio.sleep(0.01)
        assert (await engine.ended(caller)).outcome is Outcome.CALLER_HUNG_UP


@asynccontextmanager
async def _brief_call(engine: Engine) -> AsyncIterator[SimulatedCaller]:
    call_id = uuid4()
    assert await announce(engine.web, call_id, caller="+380671234567")
    with trio.fail_after(60):
        async with place_call(*engine.listening.audiosocket, call_id=call_id, options=CallerOptions()) as caller:
            yield caller


# A thousand hostile ones.


async def _silent(peer: Caller) -> None:
    """Never says a word."""


async def _drip(peer: Caller) -> None:
    for byte in b"\x01\x00\x10" + bytes(8):
        await peer.stream.send_all(bytes([byte]))
        await trio.sleep(0.3)


async def _half_a_frame(peer: Caller) -> None:
    await peer.stream.send_all(b"\x01\x00\x10" + bytes(5))
    await peer.stream.send_eof()


async def _audio_first(peer: Caller) -> None:
    await peer.stream.send_all(b"\x10\x01\x40" + bytes(320))


async def _browser(peer: Caller) -> None:
    await peer.stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


async def _reset(peer: Caller) -> None:
    await peer.stream.send_all(b"\x01\x00")
    peer.reset()


async def _stranger(peer: Caller) -> None:
    """A call that no dialplan has announced."""
    await peer.stream.send_all(peer.codec.send(Connected(uuid4())))


PEERS: Final[tuple[Callable[[Caller], Awaitable[None]], ...]] = (
    _silent, _drip, _half_a_frame, _audio_first, _browser, _reset, _stranger,
)  # fmt: skip


async def test_a_thousand_hostile_connections_leave_a_line_each(world: World) -> None:
    async with running_engine(world, call={"accept_unregistered": False, "drain_seconds": 2.0}) as engine:
        async with engine.call() as caller:
            await engine.in_state(caller, State.LISTENING)
            before = Footprint.now()
            with structlog.testing.capture_logs() as lines:
                async with trio.open_nursery() as nursery:
                    room = trio.CapacityLimiter(HOSTILE_AT_ONCE)
                    for number in range(HOSTILE):
                        nursery.start_soon(_attack, engine, PEERS[number % len(PEERS)], room)
            assert ANSWER in await ask(caller, QUESTION), "a call goes on through all of it"
            after = Footprint.now()
            hearing = caller.ears.statistics()
        ended = await engine.ended(caller)
    assert Counter(line["event"] for line in lines) == {"connection_closed": HOSTILE}
    reasons = Counter(line["reason"] for line in lines)
    assert reasons.keys() == {"uuid_timeout", "protocol_error", "reset", "local"}
    assert ended.outcome is Outcome.CALLER_HUNG_UP
    assert hearing.checksum_errors == 0
    assert [event.call_id for event in engine.events if isinstance(event, CallEnded)] == [caller.call_id]
    assert after.tasks == before.tasks
    assert after.descriptors <= before.descriptors + IN_POOLS


async def _attack(engine: Engine, peer: Callable[[Caller], Awaitable[None]], room: trio.CapacityLimiter) -> None:
    """Until the engine has let go of it."""
    async with room:
        caller = Caller(await trio.open_tcp_stream(*engine.listening.audiosocket))
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError), trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(_hear_out, caller))
                await peer(caller)
        await trio.aclose_forcefully(caller.stream)


async def _hear_out(caller: Caller) -> None:
    while await caller.stream.receive_some():
        pass
