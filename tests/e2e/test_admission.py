"""A vendor that is ill: after the callers who found out, the others go to the operators at once, until it is well."""

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

import pytest
import trio

from ops.emulators.caller import CallEnded, place_call
from tests.e2e.rig import PATIENCE, Engine, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

WELL_SECONDS = 30.0
"""A probe every ten seconds, on a busy machine."""


@pytest.mark.parametrize(
    ("emulator", "settings", "reason"),
    [
        ("anthropic", {"fail_next": 1000, "fail_code": "529"}, "model_ill"),
        ("speech", {"fail_next": 1000}, "recognizer_ill"),
        ("tts", {"fail_next": 1000}, "synthesizer_ill"),
    ],
)
async def test_an_ill_vendor_makes_busy_and_a_probe_makes_welcome_again(
    world: World, emulator: str, settings: Mapping[str, object], reason: str
) -> None:
    async with running_engine(world) as engine:
        assert (await announced(engine)) == {"answer": "accept", "reason": "new"}
        world.set(emulator, **settings)
        with trio.fail_after(6 * PATIENCE):
            while (answer := await announced(engine))["answer"] == "accept":
                await find_out(engine)
        assert answer == {"answer": "busy", "reason": reason}
        readiness = await engine.web.get("/readyz")
        assert (readiness.status_code, readiness.json()["reasons"]) == (503, [reason])
        assert (await engine.web.get("/readyz/media")).status_code == 200
        assert f'callctl_admissions_total{{answer="busy",reason="{reason}"}}' in await engine.metrics()
        world.well()
        with trio.fail_after(WELL_SECONDS):
            while (await announced(engine))["answer"] == "busy":  # noqa: ASYNC110 - a probe tells nobody
                await trio.sleep(0.5)


async def announced(engine: Engine) -> Mapping[str, str]:
    answer: Mapping[str, str] = (await engine.web.post("/internal/calls", json={"uuid": str(uuid4())})).json()
    return answer


async def find_out(engine: Engine) -> None:
    """Be the caller who asks, and is handed over."""
    async with place_call(*engine.listening.audiosocket) as caller:
        with trio.move_on_after(PATIENCE), suppress(CallEnded):
            await cut_in(caller, "Які зимові шини у вас є?")
            await caller.wait_ended()


async def test_the_store_is_nobodys_reason(world: World) -> None:
    async with running_engine(world) as engine:
        world.set("store", fail_next=1000)
        for _ in range(2):
            await find_out(engine)
        assert (await announced(engine))["answer"] == "accept"
