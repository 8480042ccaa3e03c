"""Keys, hand-over and hanging up, from either side; and the rule that whoever loses the engine finds a human."""

from functools import partial
from pathlib import Path

import pytest
import trio

from engine.call.events import BotSaid, CallStarted
from engine.call.states import Outcome
from tests.asterisk.figures import note
from tests.asterisk.pbx import RealAsterisk, free_tcp_port
from tests.asterisk.running_engine import (
    SECRET,
    RunningEngine,
    assert_nothing_left,
    channels,
    seconds_to_operators,
    setting,
    until,
)
from tests.asterisk.sipp_caller import BE_HUNG_UP_ON, HANG_UP, line_audio, placed_call, press, wait
from tests.asterisk.sipp_operator import operator_answering
from tests.asterisk.spoken import FAREWELL, TEXTS, assert_undamaged, heard, words

pytestmark = pytest.mark.asterisk

STAY = [wait(30), HANG_UP]
OPERATOR_SECONDS = 3.0
"""From losing the engine to the operators' queue: at once, but for a noisy machine."""


@pytest.mark.parametrize("rate", ["8000", "16000"])
async def test_keys_arrive_and_zero_leads_to_an_operator(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path, greeted: float, rate: str
) -> None:
    keys = [wait(greeted), press("1"), wait(0.2), press("2"), wait(0.2), press("pound"), wait(9), press("0")]

    async def heard_keys() -> bool:
        return TEXTS.model.pressed.format(digits="12") in str(await engine.session())

    async def operator_talks() -> bool:
        return any(c.name.startswith("PJSIP/operator") and c.bridged for c in await channels(asterisk))

    async with (
        setting(asterisk, CALLCTL_RATE=rate),
        operator_answering(asterisk, tmp_path),
        placed_call(asterisk, tmp_path, [*keys, wait(10), HANG_UP], audio=line_audio(seconds=60)) as call,
    ):
        await until(lambda: len(engine.told(BotSaid)) == 2, 40)
        await until(heard_keys, 5)
        await until(lambda: engine.ended, 20)
        took = await seconds_to_operators(asterisk, within=OPERATOR_SECONDS)
        await until(operator_talks, 10)
        await call.ended.wait()
    said = [said.text for said in engine.told(BotSaid)]
    print(f"\n  pressed 12#, answered {said[1]}")
    print(f"  pressed 0, answered   {said[2]}")
    print(f"  operators' branch     {took:.2f} s after the end of the call; picked up and bridged")
    assert engine.ended is not None
    assert engine.ended.outcome is Outcome.TRANSFERRED
    assert words(TEXTS.phrases.transfer) in words(heard(call.ear))
    await assert_nothing_left(engine, asterisk)


async def test_a_caller_who_hangs_up_leaves_nothing_and_rings_nobody(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    async with placed_call(asterisk, tmp_path, [wait(3), HANG_UP], audio=line_audio(seconds=4)) as call:
        await call.ended.wait()
        hung_up_at = trio.current_time()
        await until(lambda: engine.ended)
    assert engine.ended is not None
    print(f"\n  engine knew           {trio.current_time() - hung_up_at:.2f} s after SIPp was through")
    assert engine.ended.outcome is Outcome.CALLER_HUNG_UP
    await assert_nothing_left(engine, asterisk)
    assert f"{engine.call_id} goes to an operator" not in asterisk.log()


async def test_after_a_farewell_we_hang_up(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    audio = line_audio((greeted, FAREWELL), seconds=60)
    async with placed_call(asterisk, tmp_path, [BE_HUNG_UP_ON], audio=audio) as call:
        await until(lambda: engine.ended, 40)
        ended_at = trio.current_time()
        with trio.fail_after(5):
            await call.ended.wait()
    assert engine.ended is not None
    print(f"\n  heard in the RTP      {heard(call.ear)}")
    print(f"  BYE                   {trio.current_time() - ended_at:.2f} s after the end of the call")
    assert engine.ended.outcome is Outcome.COMPLETED
    assert words(heard(call.ear)) == words(engine.said())
    assert_undamaged(call.ear)
    await assert_nothing_left(engine, asterisk)
    assert f"{engine.call_id} goes to an operator" not in asterisk.log()


async def test_without_an_engine_the_caller_is_with_the_operators_at_once(
    asterisk: RealAsterisk, tmp_path: Path
) -> None:
    nobody = {"audiosocket": free_tcp_port(), "http": free_tcp_port()}
    await trio.to_thread.run_sync(partial(asterisk.point_at, **nobody, secret="any"))
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=10)):
        took = await seconds_to_operators(asterisk, within=OPERATOR_SECONDS)
    note("engine not running", f"{took:.2f} s after the call was placed")


async def test_an_engine_that_does_not_know_the_dialplan_costs_no_call(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    """The wrong secret: what the engine answers is an error page, not a word."""
    ports = {"audiosocket": engine.listening.audiosocket[1], "http": engine.listening.http_port}
    await trio.to_thread.run_sync(partial(asterisk.point_at, **ports, secret="wrong"))
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=10)):
        await seconds_to_operators(asterisk, within=OPERATOR_SECONDS)
    assert engine.told(CallStarted) == []


async def test_an_engine_that_accepts_but_cannot_be_talked_to_costs_no_call(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    """AudioSocket refused: on its own Asterisk's application would hang the caller up."""
    ports = {"audiosocket": free_tcp_port(), "http": engine.listening.http_port}
    await trio.to_thread.run_sync(partial(asterisk.point_at, **ports, secret=SECRET))
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=10)):
        await seconds_to_operators(asterisk, within=OPERATOR_SECONDS)
    assert engine.told(CallStarted) == []


async def test_a_caller_whose_engine_is_stopped_is_told_and_goes_on_to_the_operators(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    async with placed_call(asterisk, tmp_path, STAY, audio=line_audio(seconds=30)) as call:
        await until(lambda: engine.told(CallStarted))
        await trio.sleep(4)
        engine.stop.set()
        took = await seconds_to_operators(asterisk, within=20)
    note("engine told to stop, nothing to wait for", f"{took:.2f} s, in which it says so")
    assert words(TEXTS.phrases.drained) in words(heard(call.ear))
