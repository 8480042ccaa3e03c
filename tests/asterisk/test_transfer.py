"""From the bot to an operator: who is connected hears whom, and what the operator is told before picking up."""

from pathlib import Path

import pytest
import trio

from engine.call.events import CallStarted
from engine.call.states import Outcome
from ops.embedded.world import Overrides
from tests.asterisk.figures import note
from tests.asterisk.pbx import AMI_SECRET, RealAsterisk
from tests.asterisk.running_engine import (
    Engines,
    RunningEngine,
    channels,
    point_at,
    seconds_to_operators,
    setting,
    until,
    waits_for_operator,
)
from tests.asterisk.sipp_caller import CALLER, HANG_UP, PlacedCall, line_audio, placed_call, wait
from tests.asterisk.sipp_operator import OPERATOR_SAYS, OperatorPhone, operator_answering
from tests.asterisk.spoken import TEXTS, heard, words

pytestmark = pytest.mark.asterisk

WISH = "З'єднайте мене з оператором, будь ласка"
STAY = [wait(80), HANG_UP]


def by_manager(asterisk: RealAsterisk) -> Overrides:
    return {"ami": {"host": "127.0.0.1", "port": asterisk.ami_port, "user": "callctl", "secret": AMI_SECRET}}


@pytest.mark.parametrize("way", ["manager", "dialplan"])
@pytest.mark.parametrize("rate", ["8000", "16000"])
async def test_caller_and_operator_talk_and_the_operator_knows_why(
    engines: Engines, asterisk: RealAsterisk, tmp_path: Path, greeted: float, way: str, rate: str
) -> None:
    engine = await engines.start(by_manager(asterisk) if way == "manager" else None)
    await point_at(asterisk, engine)
    async with (
        setting(asterisk, CALLCTL_RATE=rate),
        operator_answering(asterisk, tmp_path) as operator,
        placed_call(
            asterisk, tmp_path, STAY, audio=line_audio((greeted, WISH), (greeted + 25, WISH), seconds=90)
        ) as call,
    ):
        await until(lambda: engine.ended, 40)
        ended_at = trio.current_time()
        await until(lambda: bridged_with_operator(asterisk), 10)
        took = trio.current_time() - ended_at
        await hear_each_other(call, operator)
    ours = str(engine.call_id)  # a caller of an earlier test, cut off without a BYE, may still be in the queue
    invite = next(each for each in operator.invites() if each.headers["x-callctl-call"] == ours)
    note(f"transfer by {way}, {rate} Hz", f"bridged {took:.2f} s after the announcement, 0.5 s of them ringing")
    note("  shown to the operator", invite.shown)
    note("  X-Callctl-Reason", invite.reason)
    note("  X-Callctl-Summary", invite.summary)
    assert engine.ended is not None
    assert engine.ended.outcome is Outcome.TRANSFERRED
    assert words(TEXTS.phrases.transfer) in words(heard(call.ear)), "the announcement was cut"
    assert invite.number == CALLER.removeprefix("+")
    assert invite.reason == "customer_request"
    assert "оператором" in invite.summary
    assert invite.shown == f"{invite.reason}: {invite.summary}"


async def test_who_hangs_up_in_the_announcement_rings_nobody(
    engines: Engines, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    engine = await engines.start(by_manager(asterisk))
    await point_at(asterisk, engine)
    async with (
        operator_answering(asterisk, tmp_path) as operator,
        placed_call(
            asterisk, tmp_path, [wait(greeted + 5), HANG_UP], audio=line_audio((greeted, WISH), seconds=40)
        ) as call,
    ):
        await call.ended.wait()
        await until(lambda: engine.ended, 10)
        await trio.sleep(2)
        assert operator.invites() == []
    assert engine.ended is not None
    assert engine.ended.outcome is Outcome.CALLER_HUNG_UP


async def test_the_operator_is_told_the_summary_before_the_caller_is_on_the_line(
    engines: Engines, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    engine = await engines.start(by_manager(asterisk))
    await point_at(asterisk, engine)
    async with (
        setting(asterisk, CALLCTL_QUEUE="briefed"),
        operator_answering(asterisk, tmp_path) as operator,
        placed_call(asterisk, tmp_path, STAY, audio=line_audio((greeted, WISH), seconds=90)) as call,
    ):
        await until(lambda: engine.ended, 40)
        await until(lambda: "оператором" in heard(operator.ear), 20)
        before = heard(call.ear)
        briefed_at = trio.current_time()
        await until(lambda: bridged_with_operator(asterisk), 15)
        took = trio.current_time() - briefed_at
        await until(lambda: words(OPERATOR_SAYS) in words(heard(call.ear)), 20)
    note("briefing, heard by the operator", heard(operator.ear))
    note("  then bridged after", f"{took:.2f} s")
    assert words(OPERATOR_SAYS) not in words(before), "the caller listened to the briefing"
    assert call.ear.cadence().maximum < 1000, "the caller waited in dead air"


async def test_nobody_takes_the_caller_and_the_bot_is_back(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    """An empty queue gives the caller back; the bot has them again, knowing why, and then there is a way out."""
    async with (
        setting(asterisk, CALLCTL_QUEUE="deserted"),
        placed_call(asterisk, tmp_path, STAY, audio=line_audio((greeted, WISH), seconds=90)) as call,
    ):
        await until(lambda: len(engine.told(CallStarted)) == 2, 50)
        assert [started.intent for started in engine.told(CallStarted)] == [None, "callback"]
        engine.scope.cancel()
        lost_at = trio.current_time()
        await until(lambda: is_busy_tone(asterisk), 10)
        note("queue empty, engine then lost", f"busy tone {trio.current_time() - lost_at:.2f} s later, then hung up")
    assert call.ear.cadence().maximum < 1000, "the caller waited in dead air"


async def test_a_waiting_caller_hears_ringing(engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path) -> None:
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=90)) as call:
        await until(lambda: engine.told(CallStarted))
        engine.scope.cancel()
        await seconds_to_operators(asterisk, within=3)
        packets = call.ear.cadence().packets
        await trio.sleep(6)
        cadence = call.ear.cadence()
    note("a caller who waits in the queue", cadence)
    assert cadence.packets - packets > 250, "nothing is sent to a caller who waits"


async def hear_each_other(call: PlacedCall, operator: OperatorPhone) -> None:
    """The operator's words reach the caller, and the caller's the operator."""
    await until(lambda: words(OPERATOR_SAYS) in words(heard(call.ear)), 20)
    await until(lambda: words(WISH) in words(heard(operator.ear)), 40)


async def bridged_with_operator(asterisk: RealAsterisk) -> bool:
    return any(c.name.startswith("PJSIP/operator") and c.bridged for c in await channels(asterisk))


async def is_busy_tone(asterisk: RealAsterisk) -> bool:
    there = await channels(asterisk)
    return any(c.application == "Wait" and c.context == "callctl-operator" for c in there) and not any(
        waits_for_operator(c) for c in there
    )
