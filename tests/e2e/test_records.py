"""After a call the database says what was said and done in it."""

from typing import Any

import psycopg
import pytest
import trio
from psycopg.rows import dict_row

from engine.call.events import BotSaid, CallerSaid
from tests.e2e.rig import CUSTOMER, answer, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

SEARCH = {
    "text": "Зараз подивлюся.",
    "tool_uses": [
        {"name": "search_tires", "arguments": {"width": 205, "profile": 55, "diameter": 16, "season": "winter"}}
    ],
}


async def test_what_was_said_and_done_is_on_record(world: World) -> None:
    async with running_engine(world) as engine:
        async with engine.call() as caller:
            world.set("anthropic", script=[SEARCH, "Є зимові шини.", "Дякую за дзвінок! До побачення."])
            await cut_in(caller, "Потрібні зимові шини")
            await answer(caller)
            await ask(caller, "Дякую, до побачення")
            await caller.wait_ended()
        said = [event for event in engine.events if isinstance(event, CallerSaid | BotSaid)]

    rows = await trio.to_thread.run_sync(read, world.database_url, caller.call_id)
    (call,) = rows["calls"]
    assert (call["outcome"], call["caller"], call["called"]) == ("completed", CUSTOMER, "100")
    assert call["ended_at"] > call["started_at"]
    assert [(turn["speaker"], turn["text"]) for turn in rows["call_turns"]] == [
        ("caller" if isinstance(event, CallerSaid) else "bot", event.text) for event in said
    ]
    assert [turn["n"] for turn in rows["call_turns"]] == list(range(1, len(said) + 1))
    greeting, question, *_ = rows["call_turns"]
    assert (greeting["interrupted"], question["language"]) == (True, "uk-UA")
    (tool,) = rows["call_tool_calls"]
    assert (tool["name"], tool["ok"], tool["arguments"]["width"]) == ("search_tires", True, 205)
    assert tool["result"]["tires"]
    kinds = [event["kind"] for event in rows["call_events"]]
    assert kinds.count("waterfall") == 2
    assert kinds.count("interruption") == 1


def read(url: str, call_id: object) -> dict[str, list[dict[str, Any]]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        calls = connection.execute("SELECT * FROM calls WHERE id = %s", [call_id]).fetchall()
        return {"calls": calls} | {
            table: connection.execute(
                f"SELECT * FROM {table} WHERE call_id = %s ORDER BY n".encode(), [call_id]
            ).fetchall()
            for table in ("call_turns", "call_tool_calls", "call_events")
        }
