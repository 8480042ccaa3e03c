"""Every way to lose an engine, with a caller on the line: within three seconds they wait for an operator.

Each test says how long it took, from the loss to the queue as Asterisk shows it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import trio

from engine.call.events import CallStarted
from ops.embedded.world import Overrides, World
from tests.asterisk.cut_cable import NETWORK, laid_cable
from tests.asterisk.figures import note
from tests.asterisk.fragile_line import fragile_line
from tests.asterisk.pbx import RealAsterisk, engine_at
from tests.asterisk.running_engine import (
    SECRET,
    Engines,
    RunningEngine,
    address_of,
    channels,
    point_at,
    seconds_to_operators,
    setting,
    until,
)
from tests.asterisk.sipp_caller import HANG_UP, line_audio, placed_call, wait
from tests.e2e.served import Served, served

pytestmark = pytest.mark.asterisk

STAY = [wait(80), HANG_UP]
WITHIN = 3.0
"""Seconds without a voice that a caller may be asked to bear."""
TALK = 4.0
"""Seconds of conversation before the loss: longer than what counts as never begun."""
ALONE = {"HTTP_INTERNAL_SECRET": SECRET, "CALL_DRAIN_SECONDS": "0"}


@dataclass(frozen=True, slots=True)
class Nothing:
    """An engine with these surroundings starts all it needs by itself."""

    overrides: Overrides = field(default_factory=dict)


type Family = list[psutil.Process]
"""The process that was started, and all that it has started."""


def killed(family: Family) -> None:
    """All of it at once, as when the machine runs out of memory."""
    for process in family:
        process.kill()


def hung(family: Family) -> None:
    """What has the calls stands still; whoever watches it does not."""
    for process in family[1:] or family:
        process.suspend()


def frozen(family: Family) -> None:
    """Everything stands still: nobody is left to notice."""
    for process in family:
        process.suspend()


@pytest.mark.parametrize("rate", ["8000", "16000"])
@pytest.mark.parametrize("lose", [killed, hung])
async def test_a_process_that_is_lost_in_mid_call(
    world: World, asterisk: RealAsterisk, tmp_path: Path, lose: Callable[[Family], None], rate: str
) -> None:
    async with (
        setting(asterisk, CALLCTL_RATE=rate),
        mortal(world) as (engine, family),
        talking_to(asterisk, engine, tmp_path),
    ):
        lose(family)
        took = await seconds_to_operators(asterisk, within=10)
    note(f"engine {lose.__name__} in mid-call, {rate} Hz", f"{took:.2f} s")
    assert took < WITHIN


@pytest.mark.parametrize(
    "rate",
    [
        "8000",
        pytest.param(
            "16000", marks=pytest.mark.xfail(reason="Asterisk's Dial() goes on though the channel cannot be written to")
        ),
    ],
)
async def test_a_cable_that_is_cut_in_mid_call(asterisk: RealAsterisk, tmp_path: Path, rate: str) -> None:
    """The engine is well, on another machine; nothing reaches it, and nobody is told."""
    with laid_cable() as cable:
        remote = {"AUDIOSOCKET_HOST": cable.host, "AUDIOSOCKET_ALLOW": NETWORK, "HTTP_HOST": cable.host, **ALONE}
        async with (
            setting(asterisk, CALLCTL_RATE=rate),
            served(Nothing(), within=cable.within, **remote) as engine,
            talking_to(asterisk, engine, tmp_path),
        ):
            cable.cut()
            took = await seconds_to_operators(asterisk, within=15)
    note(f"network cut in mid-call, {rate} Hz", f"{took:.2f} s")
    assert took < WITHIN


async def test_a_connection_that_is_reset(engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path) -> None:
    host, port = engine.listening.audiosocket
    async with fragile_line((host, port)) as line:
        address = engine_at(f"127.0.0.1:{line.port}", f"127.0.0.1:{engine.listening.http_port}")
        await point_at(asterisk, address)
        async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=90)):
            await until(lambda: engine.told(CallStarted))
            await trio.sleep(TALK)
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
    async with mortal(world) as (engine, family):
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


@asynccontextmanager
async def mortal(world: World) -> AsyncIterator[tuple[Served, Family]]:
    """An engine that is killed in the end, however it then stands."""
    async with served(world, "--workers", "1", **ALONE) as engine:
        parent = psutil.Process(engine.process.pid)
        family = [parent, *parent.children(recursive=True)]
        try:
            yield engine, family
        finally:
            engine.kill()
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


@asynccontextmanager
async def talking_to(asterisk: RealAsterisk, engine: Served, folder: Path) -> AsyncIterator[None]:
    """A caller with whom the bot has been talking for a while."""
    await point_at(asterisk, address_of(engine))
    async with placed_call(asterisk, folder, STAY, audio=line_audio(seconds=90)):
        await until(lambda: is_in_conversation(asterisk))
        await trio.sleep(TALK)
        assert await is_in_conversation(asterisk)
        yield


async def is_in_conversation(asterisk: RealAsterisk) -> bool:
    return any(
        c.application in ("AudioSocket", "TryExec", "Dial") and c.context == "callctl-bot"
        for c in await channels(asterisk)
    )
