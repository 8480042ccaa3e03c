"""Many callers: who is taken and who is not, an engine that leaves while they talk, and the cadence they hear."""

from collections import Counter
from pathlib import Path

import pytest
import trio

from engine.call.events import CallStarted
from ops.embedded.world import World
from tests.asterisk.figures import note
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.rtp_ear import cadence
from tests.asterisk.running_engine import (
    SECRET,
    Engines,
    address_of,
    channels,
    point_at,
    until,
    waits_for_operator,
)
from tests.asterisk.sipp_caller import HANG_UP, Crowd, line_audio, wait
from tests.asterisk.spoken import QUESTION
from tests.e2e.served import served

pytestmark = pytest.mark.asterisk

STAY = [wait(80), HANG_UP]
PATIENT = {"HTTP_INTERNAL_SECRET": SECRET, "CALL_SILENCE_PROMPT_AFTER": "200"}
"""Callers who say nothing are not asked why."""
AS_INSTALLED = {"HTTP_INTERNAL_SECRET": SECRET, "CALL_REALTIME_PRIORITY": "1"}
NICE = ("sh", "-c", 'renice -n -5 -p $$ >/dev/null && exec "$@"', "sh")
"""The priorities its unit in ops/deploy/systemd gives it, whatever that of the thread is which starts it."""


async def test_five_talk_and_three_wait(engines: Engines, asterisk: RealAsterisk, tmp_path: Path) -> None:
    engine = await engines.start({"call": {"max_calls": 5}})
    await point_at(asterisk, engine)

    async def sorted_out() -> bool:
        return await states(asterisk) == {"talk": 5, "wait": 3}

    async with silent_crowd(asterisk, tmp_path) as crowd:
        await crowd.place(8)
        await until(sorted_out, 10)
        await trio.sleep(2)
        found = await states(asterisk)
    note("8 callers, room for 5", f"{found['talk']} talk, {found['wait']} wait for an operator")
    assert found == {"talk": 5, "wait": 3}
    assert len(engine.told(CallStarted)) == 5


async def test_an_engine_that_leaves_loses_nobody(world: World, asterisk: RealAsterisk, tmp_path: Path) -> None:
    """Ten callers talk to the first engine; it is told to go. Who comes meanwhile talks to the second; whoever still
    talks to the first when its time is up hears a sentence and waits for an operator."""
    drain = {"CALL_DRAIN_SECONDS": "8", **PATIENT}

    async def all_talk() -> bool:
        return await states(asterisk) == {"talk": 10}

    async def newcomers_talk() -> bool:
        return await states(asterisk) == {"talk": 12}

    async def handed_over() -> bool:
        return await states(asterisk) == {"wait": 10, "talk": 2}

    async with served(world, **drain) as leaving, served(world, **PATIENT) as staying:
        await point_at(asterisk, address_of(leaving), address_of(staying))
        async with silent_crowd(asterisk, tmp_path) as crowd:
            await crowd.place(10)
            await until(all_talk, 15)
            await trio.sleep(3)
            leaving.drain()
            left_at = trio.current_time()
            await trio.sleep(0.5)
            await crowd.place(2)
            await until(newcomers_talk, 5)
            await until(handed_over, 40)
            took = trio.current_time() - left_at
            assert crowd.is_whole
        quietest = max(call.ear.cadence().maximum for call in crowd.calls)
        staying.kill()
    note(
        "an engine leaves under 10 calls", f"0 lost: all 10 with the operators after {took:.1f} s, 2 new with the other"
    )
    note("  longest silence on their lines", f"{quietest:.0f} ms")


async def test_twenty_callers_hear_an_even_stream(
    world: World, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    """Measured on the RTP that leaves Asterisk. The bounds allow for a machine that does other things, too."""
    audio = line_audio((greeted, QUESTION), seconds=31)
    async with served(world, within=NICE, **AS_INSTALLED) as engine:
        await point_at(asterisk, address_of(engine))
        async with Crowd(asterisk, tmp_path, [wait(30), HANG_UP], audio) as crowd:
            await crowd.place(20)
            for call in crowd.calls:
                await call.ended.wait()
    ears = [call.ear for call in crowd.calls]
    together, alone = cadence(ears), [ear.cadence() for ear in ears]
    note("20 callers for 30 s", together)
    note("  mean of each call", f"{min(one.mean for one in alone):.2f} to {max(one.mean for one in alone):.2f} ms")
    assert together.mean == pytest.approx(20, abs=0.5)
    assert together.p99 < 150
    assert together.payloads == (160,)
    assert all(one.seconds > 28 for one in alone)


async def test_one_engine_after_the_other_is_replaced(world: World, asterisk: RealAsterisk, tmp_path: Path) -> None:
    """A rolling restart, with callers coming all the time: each is with an engine or with an operator."""
    drain = {"CALL_DRAIN_SECONDS": "1", **PATIENT}

    async def all_there() -> bool:
        return (await states(asterisk)).total() == 12

    async with (
        served(world, **drain) as one,
        served(world, **drain) as two,
        served(world, **drain) as newer,
    ):
        await point_at(asterisk, address_of(one), address_of(two))
        async with silent_crowd(asterisk, tmp_path) as crowd:
            await crowd.place(4)
            one.drain()
            await point_at(asterisk, address_of(newer), address_of(two))
            await crowd.place(4, apart=0.5)
            two.drain()
            await crowd.place(4, apart=0.5)
            await until(all_there, 10)
            await trio.sleep(8)
            found = await states(asterisk)
            assert crowd.is_whole
    note("two engines replaced under 12 calls", f"0 lost: {found['talk']} talk, {found['wait']} wait for an operator")
    assert found.total() == 12


def silent_crowd(asterisk: RealAsterisk, folder: Path) -> Crowd:
    """Callers who stay and say nothing."""
    return Crowd(asterisk, folder, STAY, line_audio(seconds=90))


async def states(asterisk: RealAsterisk) -> Counter[str]:
    """Callers by what they do."""
    callers = [channel for channel in await channels(asterisk) if channel.name.startswith("PJSIP/anonymous")]
    return Counter("wait" if waits_for_operator(channel) else "talk" for channel in callers)
