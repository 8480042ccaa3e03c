"""Whether an operator could take a caller: by the shop's hours, then by who is in the queue, within 300 ms."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import structlog
import trio

from engine.config import AmiConfig, Config, OperatorsConfig
from engine.pbx.ami import Ami
from engine.pbx.asterisk_operators import AsteriskOperators, WithinHours
from engine.pbx.opening import open_operators
from engine.pbx.operators import DialplanOnly, Handover, Presence, Transferred
from tests.pbx.manager import Manager, Member
from tests.pbx.waiting import until

CALL = UUID("00112233-4455-6677-8899-aabbccddeeff")
SHOP = OperatorsConfig.model_validate({"hours": ["Mon-Fri 09:00-18:00"], "holidays": ["2026-11-26"]})
KYIV = ZoneInfo("Europe/Kyiv")
THURSDAY = datetime(2026, 11, 19, 12, tzinfo=KYIV)
HOLIDAY = datetime(2026, 11, 26, 12, tzinfo=KYIV)
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=KYIV)


@pytest.mark.parametrize(
    ("members", "presence"),
    [
        ([Member()], Presence.AVAILABLE),
        ([Member(paused=True), Member(status=5), Member(status=2)], Presence.AVAILABLE),
        ([Member(paused=True)], Presence.NOBODY),
        ([Member(status=5), Member(status=4)], Presence.NOBODY),
        ([], Presence.NOBODY),
        (None, Presence.AVAILABLE),
    ],
)
async def test_who_is_in_the_queue(
    ami: Ami, manager: Manager, members: list[Member] | None, presence: Presence
) -> None:
    manager.members = members
    with structlog.testing.capture_logs() as logs:
        assert await AsteriskOperators(ami, SHOP).presence() is presence
    assert [line["event"] for line in logs] == (["no_such_queue"] if members is None else [])
    assert manager.sent("QueueStatus")[0]["Queue"] == "operators"


async def test_what_was_just_heard_is_not_asked_again(ami: Ami, manager: Manager) -> None:
    now = 100.0
    operators = AsteriskOperators(ami, SHOP, now=lambda: now)
    assert await operators.presence() is Presence.AVAILABLE
    manager.members = []
    now += 1.9
    assert await operators.presence() is Presence.AVAILABLE
    now += 0.2
    assert await operators.presence() is Presence.NOBODY
    assert len(manager.sent("QueueStatus")) == 2


async def test_who_does_not_answer_in_time_is_not_absent(ami: Ami, manager: Manager) -> None:
    manager.deaf_to = {"QueueStatus"}
    before = trio.current_time()
    assert await AsteriskOperators(ami, SHOP).presence() is Presence.AVAILABLE
    assert 0.2 < trio.current_time() - before < 0.4
    assert ami.is_up


async def test_nor_is_one_behind_a_line_that_is_down() -> None:
    ami = Ami(AmiConfig(host="127.0.0.1", port=1))
    assert await AsteriskOperators(ami, SHOP).presence() is Presence.AVAILABLE


@pytest.mark.parametrize(
    ("now", "presence"), [(THURSDAY, Presence.NOBODY), (HOLIDAY, Presence.CLOSED), (SUNDAY, Presence.CLOSED)]
)
async def test_outside_hours_nobody_is_asked(ami: Ami, manager: Manager, now: datetime, presence: Presence) -> None:
    manager.members = []
    operators = WithinHours(AsteriskOperators(ami, SHOP), SHOP, lambda: now)
    assert await operators.presence() is presence
    assert bool(manager.asked) is (presence is Presence.NOBODY)
    near = ", крім 26 листопада" if now >= SUNDAY else ""
    assert operators.hours == "з понеділка по п'ятницю з 9:00 до 18:00" + near


async def test_a_caller_is_handed_over_at_any_hour(ami: Ami, manager: Manager) -> None:
    manager.channels["PJSIP/a-1"] = "callctl-bot,s,9"
    operators = WithinHours(AsteriskOperators(ami, SHOP), SHOP, lambda: SUNDAY)
    with structlog.testing.capture_logs() as logs:
        result = await operators.transfer(CALL, "PJSIP/a-1", Handover("model_failed", ""))
    assert result.outcome is Transferred.REACHED_QUEUE
    assert [(line["event"], line["outcome"], line["call_id"]) for line in logs] == [("transfer", "reached_queue", CALL)]


async def test_without_ami_the_dialplan_has_the_caller() -> None:
    operators = WithinHours(DialplanOnly(), OperatorsConfig(), lambda: SUNDAY)
    assert await operators.presence() is Presence.AVAILABLE
    assert operators.hours == ""
    assert (await operators.transfer(CALL, "PJSIP/a-1", Handover("x", "y"))).outcome is Transferred.LEFT_TO_DIALPLAN


async def test_opened_by_the_settings(manager: Manager, nursery: trio.Nursery) -> None:
    section = {"host": "127.0.0.1", "port": manager.port, "user": "callctl", "secret": manager.config.secret}
    operators = open_operators(Config.from_env({"ami": section}), nursery)
    await until(lambda: "Login" in manager.names())
    assert operators.hours == ""
    tasks = len(nursery.child_tasks)
    open_operators(Config.from_env({"ami": {"host": ""}}), nursery)
    assert len(nursery.child_tasks) == tasks, "nothing runs without AMI_HOST"
