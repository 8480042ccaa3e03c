"""After a call the database says what was said and done in it."""

from typing import Any

import psycopg
import pytest
import trio
from psycopg.rows import dict_row

from engine.call.events import BotSaid, CallerSaid
from tests.e2e.rig import CUSTOMER, answer, ask, cut_in, running_engine, unspaced
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


async def test_a_call_carries_its_scenario_prompt_latencies_and_cost(world: World) -> None:
    async with running_engine(world) as engine:
        async with engine.call() as caller:
            world.set("anthropic", script=[SEARCH, "Є зимові шини.", "Дякую за дзвінок! До побачення."])
            await cut_in(caller, "Потрібні зимові шини")
            await answer(caller)
            await ask(caller, "Дякую, до побачення")
            await caller.wait_ended()
        spent = await engine.metrics()

    rows = await trio.to_thread.run_sync(read, world.database_url, caller.call_id)
    (call,) = rows["calls"]
    assert (call["scenario"], call["language"], call["transfer_reason"]) == ("tires", "uk-UA", None)
    assert call["channel"], "what the dialplan announced"
    prompt = await trio.to_thread.run_sync(prompt_text, world.database_url, call["prompt_version"])
    assert prompt.startswith("Ти — Олеся")

    greeting, question, *_, goodbye = rows["call_turns"]
    assert greeting["latencies"] == {}, "nobody waited for it"
    assert set(question["latencies"]) >= {"end_of_turn"}
    assert set(goodbye["latencies"]) >= {"end_of_turn", "model_requested", "first_token", "first_audio"}
    assert call["answer_ms"][-1] == pytest.approx(goodbye["latencies"]["first_audio"], abs=0.1)

    assert [request["n"] for request in rows["llm_usage"]] == [1, 2, 3]
    assert {request["purpose"] for request in rows["llm_usage"]} == {"dialogue"}
    assert all(request["cost"] > 0 and request["output_tokens"] > 0 for request in rows["llm_usage"])
    cost = call["cost"]
    seconds = (call["ended_at"] - call["started_at"]).total_seconds()
    assert 0.5 * seconds < cost["speech"]["quantity"] < 1.1 * seconds, "the recogniser listens all the time"
    assert cost["voice"]["quantity"] < len(unspaced("".join(said["text"] for said in rows["call_turns"])) * 2)
    assert cost["voice"]["quantity"] > 0
    tokens = sum(part["cost"] for name, part in cost.items() if name.startswith("model_"))
    assert tokens == pytest.approx(float(sum(request["cost"] for request in rows["llm_usage"])), abs=1e-5)
    assert float(call["cost_total"]) == pytest.approx(sum(part["cost"] for part in cost.values()), abs=1e-5)
    for part in cost:
        assert f'callctl_cost_total{{part="{part}"}}' in spent


async def test_an_operator_is_told_why(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        await cut_in(caller, "З'єднайте з оператором")
        await caller.wait_ended()
    rows = await trio.to_thread.run_sync(read, world.database_url, caller.call_id)
    (call,) = rows["calls"]
    assert (call["outcome"], call["transfer_reason"], call["scenario"]) == (
        "transferred", "customer_request", "operator")  # fmt: skip
    assert call["transfer_summary"]
    [tried] = [event["data"] for event in rows["call_events"] if event["kind"] == "transfer"]
    assert (tried["reason"], tried["outcome"]) == ("customer_request", "left_to_dialplan")


def prompt_text(url: str, version: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT text FROM prompt_versions WHERE id = %s", [version]).fetchone()
    assert row is not None
    return str(row[0])


def read(url: str, call_id: object) -> dict[str, list[dict[str, Any]]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        calls = connection.execute("SELECT * FROM calls WHERE id = %s", [call_id]).fetchall()
        return {"calls": calls} | {
            table: connection.execute(
                f"SELECT * FROM {table} WHERE call_id = %s ORDER BY n".encode(), [call_id]
            ).fetchall()
            for table in ("call_turns", "call_tool_calls", "call_events", "llm_usage")
        }
