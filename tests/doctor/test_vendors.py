"""The checks of whoever is asked in a call: the emulators answer, refuse, and are not there."""

from collections.abc import Iterator

import pytest

from engine.config import Config
from ops.doctor.check import Finding, look_at_all
from ops.doctor.table import CHECKS
from ops.embedded.world import Overrides
from tests.cli.running import free_ports
from tests.e2e.world import World, running_world

VENDORS = {"speech to text": "speech", "text to speech": "tts", "model": "anthropic", "store": "store"}
"""Check -> emulator."""
REFUSALS = {"speech": "PERMISSION_DENIED", "tts": "UNAUTHENTICATED", "anthropic": "401", "store": "401"}
REMEDIES = {"speech": "GOOGLE_PROJECT", "tts": "GOOGLE_TTS_VOICE", "anthropic": "ANTHROPIC_API_KEY",
            "store": "STORE_API_KEY"}  # fmt: skip


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.well()
    return shared_world


async def look(overrides: Overrides) -> dict[str, Finding]:
    checks = [check for check in CHECKS if check.name in VENDORS]
    found = await look_at_all(checks, Config.from_env(overrides), seconds=20)
    return {each.name: each.finding for each in found}


async def test_all_answer(world: World) -> None:
    assert {finding.state for finding in (await look(world.overrides)).values()} == {"ok"}


@pytest.mark.parametrize("name", VENDORS)
async def test_one_refuses(world: World, name: str) -> None:
    emulator = VENDORS[name]
    world.set(emulator, fail_next=1, fail_code=REFUSALS[emulator])
    findings = await look(world.overrides)
    refused = findings.pop(name)
    assert refused.state == "failed"
    assert REFUSALS[emulator] in refused.text
    assert REMEDIES[emulator] in refused.remedy
    assert {finding.state for finding in findings.values()} == {"ok"}


async def test_none_is_there(world: World) -> None:
    speech, tts, anthropic, store = (f"127.0.0.1:{port}" for port in free_ports(4))
    findings = await look({
        **world.overrides,
        "google": {"project": "x", "speech_endpoint": speech, "tts_endpoint": tts, "plaintext": True, "timeout": 1},
        "anthropic": {"api_key": "x", "base_url": f"http://{anthropic}"},
        "store": {"api_key": "x", "base_url": f"http://{store}", "max_retries": 0},
    })  # fmt: skip
    assert {name: finding.state for name, finding in findings.items()} == dict.fromkeys(VENDORS, "failed")
    assert all(finding.remedy for finding in findings.values())


async def test_nothing_is_configured() -> None:
    assert {finding.state for finding in (await look({})).values()} == {"skipped"}
