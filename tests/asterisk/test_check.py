"""`callctl asterisk check` of a real Asterisk with the files as they are shipped: nothing is missing, until it is."""

from collections.abc import Mapping
from typing import Any

import pytest
import trio

from engine.config import Config
from engine.pbx.check import Finding, Mark, check
from tests.asterisk.pbx import AMI_SECRET, RealAsterisk
from tests.asterisk.running_engine import SECRET, RunningEngine

pytestmark = pytest.mark.asterisk


async def found(engine: RunningEngine, asterisk: RealAsterisk, **operators: str) -> Mapping[str, Finding]:
    """What the check says, printed as an administrator would see it."""
    sections: dict[str, dict[str, Any]] = {
        "ami": {"host": "127.0.0.1", "port": asterisk.ami_port, "user": "callctl", "secret": AMI_SECRET},
        "http": {"port": engine.listening.http_port, "internal_secret": SECRET},
        "audiosocket": {"port": engine.listening.audiosocket[1]},
        "operators": operators,
    }
    findings = await check(Config.from_env(sections))
    print()
    for each in findings:
        print(f"  {each.mark:8} {each.what}: {each.found}" + (f" -> {each.remedy}" if each.remedy else ""))
    return {each.what: each for each in findings}


async def test_as_shipped_nothing_is_missing(engine: RunningEngine, asterisk: RealAsterisk) -> None:
    findings = await found(engine, asterisk)
    assert [each for each in findings.values() if each.mark is not Mark.FINE] == []
    assert findings["the dialplan's engines"].found.startswith(engine.address)


async def test_what_is_taken_away_is_missed(engine: RunningEngine, asterisk: RealAsterisk) -> None:
    await trio.to_thread.run_sync(asterisk.set_global, "CALLCTL_SECRET", "another")
    await trio.to_thread.run_sync(asterisk.cli, "module unload func_uri.so")
    try:
        findings = await found(engine, asterisk, context="no-such-context", queue="no-such-queue")
    finally:
        await trio.to_thread.run_sync(asterisk.cli, "module load func_uri.so")
    assert {what for what, each in findings.items() if each.mark is Mark.MISSING} == {
        "the dialplan's secret",
        "module func_uri",
        "dialplan [no-such-context], extension s",
        "queue no-such-queue",
        "the dialplan's queue",
    }
