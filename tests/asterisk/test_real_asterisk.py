"""The proof on real input: SIPp calls a real Asterisk, its dialplan is the product's, the engine answers.

What the bot says is read back from the RTP that Asterisk sends to the caller: one damaged frame on the way shows as a
checksum error. Run with `-s`: each test prints what it measured.
"""

import re
from pathlib import Path

import psutil
import pytest
import trio

from engine.audio import FRAME_BYTES, FRAME_SECONDS
from engine.call.events import BotSaid, CallerSaid, CallStarted
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from engine.speech.verbalize import verbalize
from ops.emulators.subtitled_voice import speak
from tests.asterisk.conftest import RunningEngine, until
from tests.asterisk.pbx import Channel, RealAsterisk
from tests.asterisk.rtp_ear import RtpEar
from tests.asterisk.sipp_caller import BE_HUNG_UP_ON, HANG_UP, line_audio, operator_answering, placed_call, press, wait

pytestmark = pytest.mark.asterisk

QUESTION = "Мені потрібні зимові шини на Тойоту Камрі 2020 року"
FAREWELL = "Ні, дякую, до побачення"
OPERATOR_SECONDS = 5.0
"""From the loss of the engine to the operators' branch, on a noisy machine."""


def seconds_of(*texts: str) -> float:
    return sum(len(speak(verbalize(text))) / FRAME_BYTES * FRAME_SECONDS for text in texts)


TEXTS = load("uk")
GREETED = 2.0 + seconds_of(TEXTS.greeting.evening, TEXTS.phrases.notice)
"""The greeting is over and the caller has drawn breath; greetings of the day differ by less than a word."""


def plain(text: str) -> str:
    """Words only: a sentence boundary may be set differently by whoever joins them."""
    return " ".join(re.findall(r"[\w'’+]+", text.lower()))


def heard(ear: RtpEar) -> str:
    return " ".join(sentence.text for sentence in ear.sentences)


def assert_undamaged(ear: RtpEar) -> None:
    assert ear.sentences
    assert all(sentence.complete for sentence in ear.sentences)
    assert ear.ears.statistics().checksum_errors == 0


def said_by(engine: RunningEngine) -> str:
    return " ".join(verbalize(said.text) for said in engine.told(BotSaid))


async def channels(asterisk: RealAsterisk) -> list[Channel]:
    return await trio.to_thread.run_sync(asterisk.channels)


async def assert_reaches_operators(asterisk: RealAsterisk) -> float:
    """Seconds it took."""
    started_at = trio.current_time()
    with trio.fail_after(OPERATOR_SECONDS):
        while not any(c.context == "callctl-operator" for c in await channels(asterisk)):
            await trio.sleep(0.05)
    return trio.current_time() - started_at


async def assert_nothing_left(engine: RunningEngine, asterisk: RealAsterisk, tasks_before: int) -> None:
    def connections() -> list[str]:
        port = engine.listening.audiosocket[1]
        every = psutil.net_connections("tcp")
        return [c.status for c in every if c.laddr and c.laddr.port == port and c.status not in ("LISTEN", "TIME_WAIT")]

    def tasks() -> int:
        return trio.lowlevel.current_statistics().tasks_living

    with trio.move_on_after(10):
        while await channels(asterisk) or connections() or tasks() > tasks_before:
            await trio.sleep(0.1)
    left = await channels(asterisk)
    assert (left, connections(), max(0, tasks() - tasks_before)) == ([], [], 0)


async def test_a_question_is_answered_without_one_damaged_frame(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    audio = line_audio((GREETED, QUESTION), seconds=40)
    async with placed_call(asterisk, tmp_path, [wait(38), HANG_UP], audio=audio) as call:
        await until(lambda: engine.told(CallStarted))
        await until(lambda: any(said.turn == 1 for said in engine.told(BotSaid)), 35)
        await until(lambda: plain(heard(call.ear)) == plain(said_by(engine)), 3)
    greeting, answer = engine.told(BotSaid)[:2]
    print(f"\n  caller, as announced  {engine.told(CallStarted)[0].caller}")
    print(f"  caller, as recognised {engine.told(CallerSaid)[0].text}")
    print(f"  heard in the RTP      {heard(call.ear)}")
    print(f"  cadence               {call.ear.cadence()}")
    print(f"  checksum errors       {call.ear.ears.statistics().checksum_errors}")
    assert engine.told(CallStarted)[0].caller == "+380671234567"
    assert [said.text for said in engine.told(CallerSaid)] == [QUESTION]
    assert TEXTS.phrases.notice in greeting.text
    assert "R17" in answer.text  # from the store, by way of the tools
    assert_undamaged(call.ear)
