"""The proof on real input: SIPp calls a real Asterisk, its dialplan is the product's, the engine answers.

What the bot says is read back from the RTP that Asterisk sends to the caller: one damaged frame anywhere on the way
shows as a checksum error. Run with `-s`: each test prints what it measured.
"""

from pathlib import Path

import pytest

from engine.call.events import BotSaid, CallerSaid, CallStarted
from tests.asterisk.figures import note
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.rtp_ear import RtpEar
from tests.asterisk.running_engine import SECRET, RunningEngine, channels, setting, until
from tests.asterisk.sipp_caller import CALLER, HANG_UP, PlacedCall, line_audio, placed_call, wait
from tests.asterisk.spoken import QUESTION, TEXTS, assert_undamaged, heard, words

pytestmark = pytest.mark.asterisk


async def test_a_question_is_answered_without_one_damaged_frame(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    audio = line_audio((greeted, QUESTION), seconds=60)
    async with placed_call(asterisk, tmp_path, [wait(60), HANG_UP], audio=audio) as call:
        await _hear_answer(engine, call)
    _report(engine, call.ear)
    executed = [line for line in asterisk.log().splitlines() if "Executing [" in line]
    assert executed
    assert not any(SECRET in line for line in executed)
    assert engine.told(CallStarted)[0].caller == CALLER
    assert engine.told(CallStarted)[0].called == "100"
    _assert_answered(engine, call.ear)


async def test_sixteen_kilohertz(engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path, greeted: float) -> None:
    """The channel driver at twice the rate: both directions are resampled, by Asterisk and by us."""
    audio = line_audio((greeted, QUESTION), seconds=60)
    async with (
        setting(asterisk, CALLCTL_RATE="16000"),
        placed_call(asterisk, tmp_path, [wait(60), HANG_UP], audio=audio) as call,
    ):
        await until(lambda: engine.told(CallStarted))
        (name,) = [channel.name for channel in await channels(asterisk) if channel.name.startswith("AudioSocket")]
        format_line = next(line for line in asterisk.cli(f"core show channel {name}").splitlines() if "Native" in line)
        await _hear_answer(engine, call)
    print(f"\n  engine's leg          {name}, {format_line.strip()}")
    _report(engine, call.ear)
    assert "slin16" in format_line
    _assert_answered(engine, call.ear)


async def test_packets_leave_every_twenty_milliseconds(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    """Twenty seconds of greeting, silence and the question into the silence. The bounds allow for a noisy machine."""
    async with placed_call(asterisk, tmp_path, [wait(20), HANG_UP], audio=line_audio(seconds=21)) as call:
        await call.ended.wait()
    cadence = call.ear.cadence()
    note("one caller for 20 s", cadence)
    assert cadence.seconds > 19
    assert cadence.mean == pytest.approx(20, abs=0.2)
    assert cadence.p99 < 60
    assert cadence.payloads == (160,)
    assert_undamaged(call.ear)


async def _hear_answer(engine: RunningEngine, call: PlacedCall) -> None:
    await until(lambda: any(said.turn == 1 for said in engine.told(BotSaid)), 50)
    await until(lambda: words(heard(call.ear)) == words(engine.said()), 3)


def _report(engine: RunningEngine, ear: RtpEar) -> None:
    print(f"\n  caller                {engine.told(CallStarted)[0].caller}")
    print(f"  recognised            {' '.join(said.text for said in engine.told(CallerSaid))}")
    print(f"  heard in the RTP      {heard(ear)}")
    print(f"  checksum errors       {ear.ears.statistics().checksum_errors} in {len(ear.sentences)} sentences")
    print(f"  cadence               {ear.cadence()}")


def _assert_answered(engine: RunningEngine, ear: RtpEar) -> None:
    assert [said.text for said in engine.told(CallerSaid)] == [QUESTION]
    greeting, answer = engine.told(BotSaid)
    assert TEXTS.phrases.notice in greeting.text
    assert "R17" in answer.text  # only the store's tools know the size
    assert_undamaged(ear)
