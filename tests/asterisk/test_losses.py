"""Every way to lose an engine, with a caller on the line: within three seconds they wait for an operator.

Each test says how long it took, from the loss to the queue as Asterisk shows it. What is lost without a word:
`test_cut_off`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from engine.call.events import CallStarted
from ops.embedded.world import World
from tests.asterisk.figures import note
from tests.asterisk.fragile_line import fragile_line
from tests.asterisk.losing import STAY, WITHIN, Family, frozen, hung, killed, mortal, talking_to
from tests.asterisk.pbx import RealAsterisk, engine_at
from tests.asterisk.running_engine import (
    Engines,
    RunningEngine,
    address_of,
    point_at,
    seconds_to_operators,
    setting,
    until,
)
from tests.asterisk.sipp_caller import line_audio, placed_call

pytestmark = pytest.mark.asterisk

_SUPERVISED = ("--workers", "1")


@pytest.mark.parametrize("rate", ["8000", "16000"])
@pytest.mark.parametrize("lose", [killed, hung])
async def test_a_process_that_is_lost_in_mid_call(
    world: World, asterisk: RealAsterisk, tmp_path: Path, lose: Callable[[Family], None], rate: str
) -> None:
    async with (
        setting(asterisk, CALLCTL_RATE=rate),
        mortal(world, *_SUPERVISED) as (engine, family),
        talking_to(asterisk, engine, tmp_path),
    ):
        lose(family)
        took = await seconds_to_operators(asterisk, within=10)
    note(f"engine {lose.__name__} in mid-call, {rate} Hz", f"{took:.2f} s")
    assert took < WITHIN


async def test_a_connection_that_is_reset(engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path) -> None:
    host, port = engine.listening.audiosocket
    async with fragile_line((host, port)) as line:
        address = engine_at(f"127.0.0.1:{line.port}", f"127.0.0.1:{engine.listening.http_port}")
        await point_at(asterisk, address)
        async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=90)):
            await until(lambda: engine.told(CallStarted))
            await trio.sleep(4)
            line.reset()
            took = await seconds_to_operators(asterisk, within=10)
    note("connection reset in mid-call", f"{took:.2f} s")
    assert took < WITHIN


@pytest.mark.parametrize(("extension", "what"), [("stray", "a UUID no engine was told of"), ("garbled", "no UUID")])
async def test_a_call_that_is_not_announced(
    engines: Engines, asterisk: RealAsterisk, tmp_path: Path, extension: str, what: str
) -> None:
    engine = await engines.start({"call": {"accept_unregistered": False}})
    await point_at(asterisk, engine)
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=90), extension=extension):
        took = await seconds_to_operators(asterisk, within=10)
    note(what, f"{took:.2f} s after the call was placed")
    assert engine.told(CallStarted) == []
    assert took < WITHIN


async def test_an_engine_that_hangs_before_the_call_comes(world: World, asterisk: RealAsterisk, tmp_path: Path) -> None:
    async with mortal(world, *_SUPERVISED) as (engine, family):
        await point_at(asterisk, address_of(engine))
        frozen(family)
        async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=90)):
            took = await seconds_to_operators(asterisk, within=10)
    note("engine hung before the call", f"{took:.2f} s after the call was placed")
    assert took < WITHIN


async def test_the_next_engine_is_asked_when_one_is_lost(
    engines: Engines, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    """The first is not there; the second takes calls and cannot be talked to; the third has the caller."""
    nobody = "127.0.0.1:9"
    mute, well = await engines.start(), await engines.start()
    halfway = engine_at(nobody, f"127.0.0.1:{mute.listening.http_port}")
    await point_at(asterisk, engine_at(nobody, nobody), halfway, well)
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=30)):
        placed_at = trio.current_time()
        await until(lambda: well.told(CallStarted), 10)
        took = trio.current_time() - placed_at
    note("two engines lost, the third talks", f"{took:.2f} s after the call was placed")
    assert took < WITHIN
