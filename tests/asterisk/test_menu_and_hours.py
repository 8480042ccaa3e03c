"""What is pressed before the bot speaks, and what becomes of a wish for an operator when the shop is closed."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.call.events import BotSaid, CallStarted
from tests.asterisk.figures import note
from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.running_engine import Engines, RunningEngine, channels, point_at, setting, until, waits_for_operator
from tests.asterisk.sipp_caller import HANG_UP, line_audio, placed_call, press, wait
from tests.asterisk.spoken import TEXTS

pytestmark = pytest.mark.asterisk

STAY = [wait(80), HANG_UP]


@pytest.mark.parametrize(
    ("key", "intent"), [("1", "new_order"), ("2", "order_status"), ("3", "fitting"), ("9", None), ("", None)]
)
async def test_a_key_in_the_menu_is_an_intent(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path, key: str, intent: str | None
) -> None:
    menu = asterisk.sound("menu", line_audio((0.2, "Натисніть один"), seconds=3))
    steps = [wait(1), press(key), *STAY] if key else STAY
    async with (
        setting(asterisk, CALLCTL_MENU=menu),
        placed_call(asterisk, tmp_path, steps, audio=line_audio(seconds=90), extension="menu"),
    ):
        await until(lambda: engine.told(BotSaid), 30)
    note(f"menu, {key or 'nothing'} pressed", f"{intent}: {engine.told(BotSaid)[0].text}")
    assert [started.intent for started in engine.told(CallStarted)] == [intent]
    if intent:
        assert TEXTS.intents[intent].opening in engine.told(BotSaid)[0].text


async def test_zero_in_the_menu_leads_to_an_operator(
    engine: RunningEngine, asterisk: RealAsterisk, tmp_path: Path
) -> None:
    menu = asterisk.sound("menu", line_audio((0.2, "Натисніть один"), seconds=3))

    async def with_operators() -> bool:
        return any(waits_for_operator(channel) for channel in await channels(asterisk))

    async with (
        setting(asterisk, CALLCTL_MENU=menu),
        placed_call(asterisk, tmp_path, [wait(1), press("0"), *STAY], audio=line_audio(seconds=90), extension="menu"),
    ):
        await until(with_operators, 40)


async def test_after_hours_the_bot_offers_a_call_back(
    engines: Engines, asterisk: RealAsterisk, tmp_path: Path, greeted: float
) -> None:
    today = datetime.now(ZoneInfo("Europe/Kyiv")).strftime("%m-%d")
    engine = await engines.start({"operators": {"hours": "Mon-Sun 09:00-18:00", "holidays": today}})
    await point_at(asterisk, engine)
    steps = [wait(greeted), press("0"), *STAY]
    async with placed_call(asterisk, tmp_path, steps, audio=line_audio(seconds=90)):
        await until(lambda: len(engine.told(BotSaid)) == 2, 40)
        there = await channels(asterisk)
        assert engine.ended is None
    note("0 pressed on a holiday", engine.told(BotSaid)[1].text)
    assert not any(waits_for_operator(channel) for channel in there)
    assert "передзвон" in engine.told(BotSaid)[1].text.lower()
