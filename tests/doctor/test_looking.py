"""All checks at once, each for its time and no longer; whatever goes wrong is a finding with a remedy."""

import trio
import trio.testing

from engine.config import Config
from engine.errors import CacheError, ConfigError, DatabaseAway
from ops.doctor.check import Check, Finding, failed, look_at_all, ok
from ops.doctor.table import CHECKS

CONFIG = Config.from_env({})


async def after_a_second(config: Config) -> Finding:
    await trio.sleep(1)
    return ok("well")


async def never(config: Config) -> Finding:
    await trio.sleep_forever()
    return ok("well")


async def test_they_are_looked_at_at_once_and_told_in_order(autojump_clock: trio.testing.MockClock) -> None:
    began = trio.current_time()
    found = await look_at_all([Check(str(n), after_a_second, "") for n in range(10)], CONFIG)
    assert trio.current_time() - began == 1
    assert [each.name for each in found] == [str(n) for n in range(10)]
    assert {(each.finding, each.seconds) for each in found} == {(ok("well"), 1.0)}


async def test_one_that_hangs_is_left(autojump_clock: trio.testing.MockClock) -> None:
    began = trio.current_time()
    [hung, well] = await look_at_all([Check("hangs", never, "wake it"), Check("well", after_a_second, "")], CONFIG)
    assert trio.current_time() - began == 5
    assert hung.finding == failed("no answer within 5 s", "wake it")
    assert well.finding.state == "ok"


async def test_errors_are_findings() -> None:
    async def away(config: Config) -> Finding:
        raise DatabaseAway("connection refused")

    async def broken(config: Config) -> Finding:
        raise ExceptionGroup("of a nursery", [CacheError("out of memory\nand more")])

    async def its_own(config: Config) -> Finding:
        return failed("wrong", "its own remedy")

    async def settings(config: Config) -> Finding:
        raise ConfigError("GOOGLE_PROJECT is not set")

    checks = [Check(look.__name__, look, "the table's remedy") for look in (away, broken, its_own, settings)]
    found = {each.name: each.finding for each in await look_at_all(checks, CONFIG)}
    assert found["away"].state == "skipped"
    assert found["broken"] == failed("out of memory", "the table's remedy")
    assert found["its_own"] == failed("wrong", "its own remedy")
    assert found["settings"] == failed("GOOGLE_PROJECT is not set", "the table's remedy")


async def test_what_is_not_configured_is_not_looked_at() -> None:
    [found] = await look_at_all([Check("model", never, "", lambda config: "ANTHROPIC_API_KEY")], CONFIG)
    assert found.finding == Finding("skipped", "ANTHROPIC_API_KEY is not set")


def test_each_check_has_a_name_of_its_own_and_a_remedy() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.remedy and check.look.__doc__ for check in CHECKS)
