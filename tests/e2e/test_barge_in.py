"""The caller speaks over the bot: it stops at once, forgets what was not heard, and answers what was said."""

import pytest
import trio

from engine.call.events import BotSaid, Interrupted
from engine.speech.verbalize import verbalize
from tests.e2e.rig import answer, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

LONG = (
    "Зимові шини м'якші за літні і краще тримають дорогу на снігу та на льоду, тому міняти їх радять тоді, "
    "коли середня температура вдень стає нижчою за сім градусів тепла, не чекаючи на перший сніг."
)
MORE = "Крім того, перед зимою варто перевірити тиск у колесах, розвал і балансування, гальма та акумулятор. " * 3
STOPS_WITHIN_FRAMES = 25
"""Half a second, three times what the configuration asks for: the machine is shared."""


async def test_an_interruption_stops_the_bot_and_is_answered(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set(
            "anthropic", script=[f"{LONG} {MORE}", "Відкриті до вечора.", "Так, парковка є."], tokens_per_second=30
        )
        await cut_in(caller, "Коли міняти шини?")
        asked_at = trio.current_time()

        interruption = await caller.interrupt_after(2000, "Стривайте, а до котрої ви працюєте?")
        await caller.wait_silent()
        answered = await answer(caller)

        assert 0 < interruption.voiced_frames <= STOPS_WITHIN_FRAMES
        assert answered == "Відкриті до вечора."
        assert await ask(caller, "А парковка у вас є?") == "Так, парковка є."

        said = engine.of(caller, BotSaid)
        cut, *later = said[1:]
        heard = caller.ears.words_after(asked_at).partition("Відкриті")[0]
        assert cut.interrupted
        assert LONG.startswith(cut.text), cut.text
        assert verbalize(LONG).startswith(heard.strip()), heard
        assert abs(len(cut.text.split()) - len(heard.split())) <= 2, (cut.text, heard)
        assert [(event.text, event.interrupted) for event in later] == [
            ("Відкриті до вечора.", False),
            ("Так, парковка є.", False),
        ]
        assert [event.kind for event in engine.of(caller, Interrupted)] == ["barge_in", "barge_in"]
        assert world.counters("anthropic")["abandoned"] == 1, "the model was left running"
        assert caller.ears.statistics().checksum_errors == 0


async def test_what_was_not_heard_is_not_in_the_session(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=[f"{LONG} {MORE}", "Так."])
        await cut_in(caller, "Коли міняти шини?")
        await caller.interrupt_after(1000, "Дякую, зрозуміло, а працюєте сьогодні?")
        await caller.wait_silent()
        await answer(caller)
        recorded = engine.transcript(caller)
    assert "автоматична" not in recorded[0], "the greeting was cut after its first words"
    assert recorded[1] == "> Коли міняти шини?"
    assert LONG.startswith(recorded[2])
    assert len(recorded[2]) < len(LONG) / 2
    assert recorded[3:] == ["> Дякую, зрозуміло, а працюєте сьогодні?", "Так."]
