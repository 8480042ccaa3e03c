"""A model that lies: what the caller hears, what is on record, what is counted. The engine and the store are real."""

import psycopg
import pytest

from engine.call.events import Ungrounded
from engine.dialogue.prompts import load
from tests.e2e.rig import answer, ask, cut_in, running_engine, unspaced
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

SEARCH = {"tool_uses": [{"name": "search_tires", "arguments": {"width": 205, "profile": 55, "diameter": 16,
                                                               "season": "winter"}}]}  # fmt: skip
TRUE = "Michelin X-Ice Snow коштує 4 650 грн."
FALSE = "Michelin X-Ice Snow коштує 3 990 грн."
UNSURE = load("uk").phrases.unsure


async def test_an_invented_price_is_not_heard(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=[SEARCH, FALSE, TRUE])
        await cut_in(caller, "Потрібні зимові шини, розмір двісті п'ять п'ятдесят п'ять шістнадцять")
        assert unspaced("чотири тисячі шістсот п'ятдесят гривень") in unspaced(await answer(caller))

        world.set("anthropic", script=["На складі 999 штук.", "Так, на складі їх 999 штук."])
        assert unspaced(UNSURE) in unspaced(await ask(caller, "А скільки їх?"))
        assert not any("999" in line or "3 990" in line for line in engine.transcript(caller))
        told = [(event.kinds, event.outcome) for event in engine.of(caller, Ungrounded)]
        assert told == [(("price",), "asked_again"), (("stock",), "asked_again"), (("stock",), "replaced")]
        counted = await engine.metrics()
        assert 'callctl_ungrounded_total{kind="stock",outcome="replaced"}' in counted
    with psycopg.connect(world.database_url) as connection:
        found = "SELECT data FROM call_events WHERE call_id = %s AND kind = 'ungrounded' ORDER BY n"
        assert [row for (row,) in connection.execute(found, [caller.call_id])] == [
            {"turn": 1, "kinds": ["price"], "outcome": "asked_again"},
            {"turn": 2, "kinds": ["stock"], "outcome": "asked_again"},
            {"turn": 2, "kinds": ["stock"], "outcome": "replaced"},
        ]
