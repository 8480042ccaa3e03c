"""What Asterisk is not told of: a network that is cut, an engine that stands still with nobody to notice.

The engine is well on another machine, at the end of a cable; or it is here, and frozen. With HAProxy on Asterisk's
machine, as ops/deploy/haproxy has it, a caller waits for an operator within three seconds, at either rate. Without it
Asterisk notices the cut cable by itself, but only where it sends 8 kHz.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ops.embedded.world import World
from tests.asterisk.cut_cable import NETWORK, Cable, laid_cable
from tests.asterisk.figures import note
from tests.asterisk.losing import ALONE, WITHIN, Nothing, frozen, mortal, talking_to
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.running_engine import Reachable, seconds_to_operators, setting
from tests.e2e.served import Served, served
from tests.haproxy.balancer import Balancer, Ports, balancing

pytestmark = pytest.mark.asterisk


async def test_a_cable_that_is_cut_in_mid_call(asterisk: RealAsterisk, tmp_path: Path) -> None:
    """No HAProxy: little may lie unread between Asterisk and an engine on another machine, and it notices."""
    async with far_engine() as (engine, cable):
        took = await seconds_after_the_cut(cable, engine, asterisk, tmp_path)
    note("network cut in mid-call, 8000 Hz", f"{took:.2f} s")
    assert took < WITHIN


@pytest.mark.parametrize("rate", ["8000", "16000"])
async def test_a_cable_that_is_cut_behind_haproxy(asterisk: RealAsterisk, tmp_path: Path, rate: str) -> None:
    async with (
        setting(asterisk, CALLCTL_RATE=rate),
        far_engine() as (engine, cable),
        beside_asterisk(engine, tmp_path) as balancer,
    ):
        took = await seconds_after_the_cut(cable, balancer, asterisk, tmp_path)
    note(f"network cut in mid-call, {rate} Hz, HAProxy", f"{took:.2f} s")
    assert took < WITHIN


@pytest.mark.parametrize("rate", ["8000", "16000"])
async def test_an_engine_that_hangs_unwatched_behind_haproxy(
    world: World, asterisk: RealAsterisk, tmp_path: Path, rate: str
) -> None:
    async with (
        setting(asterisk, CALLCTL_RATE=rate),
        mortal(world) as (engine, family),
        beside_asterisk(engine, tmp_path) as balancer,
        talking_to(asterisk, balancer, tmp_path),
    ):
        frozen(family)
        took = await seconds_to_operators(asterisk, within=10)
    note(f"engine hung, nobody watching, {rate} Hz, HAProxy", f"{took:.2f} s")
    assert took < WITHIN


async def seconds_after_the_cut(cable: Cable, engine: Reachable, asterisk: RealAsterisk, folder: Path) -> float:
    async with talking_to(asterisk, engine, folder):
        cable.cut()
        return await seconds_to_operators(asterisk, within=15)


@asynccontextmanager
async def far_engine() -> AsyncIterator[tuple[Served, Cable]]:
    """Well, with all that it needs, on another machine."""
    with laid_cable() as cable:
        remote = {"AUDIOSOCKET_HOST": cable.host, "AUDIOSOCKET_ALLOW": NETWORK, "HTTP_HOST": cable.host, **ALONE}
        async with served(Nothing(), within=cable.within, **remote) as engine:
            yield engine, cable


@asynccontextmanager
async def beside_asterisk(engine: Served, folder: Path) -> AsyncIterator[Balancer]:
    """HAProxy, which knows this engine only."""
    if shutil.which("haproxy") is None:
        pytest.skip("no HAProxy here; `nox -s asterisk` installs one")
    host, audiosocket = engine.audiosocket
    ports = Ports(audiosocket, engine.web.base_url.port or 0)
    hosts = {"CALLCTL_1_HOST": host, "CALLCTL_2_HOST": host}
    async with balancing((ports, ports), folder / "haproxy.log", **hosts) as balancer:
        yield balancer
