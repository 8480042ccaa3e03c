"""`callctl calls`, `stats` and `quality` on calls that are on record: what people see, and what stays hidden."""

import json
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
import trio
from typer.testing import CliRunner, Result

from cli.main import app
from engine.config import Config, CostConfig
from engine.database import Database, migrate
from engine.records.cost import Bill, speech, tokens, voice
from engine.records.entries import entry_of
from engine.records.rows import CallEnded, CallStarted, EventRow, ModelUseRow, Row, ToolCallRow, TurnRow
from engine.records.tables import RecordTables
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.dialogue.emulated_vendor import Vendor

START: Final = datetime(2026, 11, 21, 10, tzinfo=UTC)
ORDERED, HANDED_OVER = UUID(int=1), UUID(int=2)
TRIED: Final = {"reason": "customer_request", "outcome": "reached_queue", "detail": "", "ms": 61.0}
STAGES: Final = {"end_of_turn": 250.0, "first_token": 600.0, "first_audio": 1100.0}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def bill() -> Bill:
    prices, made = CostConfig(), Bill()
    for line in (speech(prices, 60), voice(prices, 200), *tokens(prices, "claude-haiku-4-5", {"input": 3000})):
        made.add(line)
    return made


def calls() -> list[Row]:
    search = {"tires": [{"id": "T1030", "price": 3020}]}
    return [
        CallStarted(ORDERED, START, "+380671234567", "100", "PJSIP/x-1", prompt_version="0123456789ab"),
        TurnRow(ORDERED, START, 1, at(1), "bot", "Добрий день!"),
        TurnRow(ORDERED, START, 2, at(5), "caller", "Мене звати Олена, мій номер 067 123 45 67", "uk-UA", 0.9),
        ToolCallRow(ORDERED, START, 1, at(6), "search_tires", {"width": 205}, search, ok=True, duration_ms=16),
        TurnRow(ORDERED, START, 3, at(7), "bot", "Є одна модель.", latencies=STAGES),
        ModelUseRow(ORDERED, START, "dialogue", 1, at(6), "claude-haiku-4-5", 3000, 50, 0, 0, Decimal("0.00325")),
        CallEnded(ORDERED, START, at(60), "completed", scenario="tires", language="uk-UA", answer_ms=[1100.0],
                  cost=bill().breakdown(), cost_total=bill().total),
        CallStarted(HANDED_OVER, at(3600)),
        EventRow(HANDED_OVER, at(3600), 1, at(3619), "transfer", TRIED),
        CallEnded(HANDED_OVER, at(3600), at(3620), "transferred", "customer_request", "просить людину", "operator"),
    ]  # fmt: skip


async def fill(url: str) -> None:
    async with Database(Config.from_env({"database": {"url": url}}).database) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        assert await RecordTables(database).write([entry_of(row) for row in calls()]) == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            trio.run(fill, server.url)
            yield server.url


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    running = Vendor()
    yield running
    running.stop()


def run(url: str, line: str, **settings: str) -> Result:
    return CliRunner(env={"DATABASE_URL": url, "COLUMNS": "160", **settings}).invoke(app, line.split())


def data(url: str, line: str) -> Any:
    result = run(url, f"{line} --json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_calls_are_listed_the_latest_first(url: str) -> None:
    listed = data(url, "calls list")
    assert [call["id"] for call in listed] == [str(HANDED_OVER), str(ORDERED)]
    assert "T" in listed[0]["started_at"]
    assert [call["caller"] for call in listed] == [None, "+38067***4567"]
    assert [call["id"] for call in data(url, "calls list --outcome transferred")] == [str(HANDED_OVER)]
    assert len(data(url, "calls list --limit 1")) == 1
    assert data(url, "calls list --since 2026-11-22") == []
    shown = run(url, "calls list").stdout
    assert len(shown.splitlines()) == 3
    assert "+38067***4567" in shown
    assert "+380671234567" in run(url, "calls list --unmask").stdout


def test_a_call_is_shown_as_it_went(url: str) -> None:
    shown = run(url, f"calls show {ORDERED}").stdout
    order = ["Добрий день!", "caller  Мене звати", "search_tires(width=205) ✓ 16 ms", "Є одна модель.",
             "audio 1100 ms", "speech", "model_input", "total"]  # fmt: skip
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert f"{bill().total:.6f}" in shown
    assert "0123456789ab" in shown


def test_a_transfer_is_shown_with_what_came_of_it(url: str) -> None:
    assert "customer_request: reached_queue, 61 ms" in run(url, f"calls show {HANDED_OVER}").stdout


def test_who_called_is_hidden_unless_asked_for(url: str) -> None:
    for line in (f"calls show {ORDERED}", f"calls show {ORDERED} --json"):
        masked, plain = run(url, line).stdout, run(url, f"{line} --unmask").stdout
        assert [hidden in masked for hidden in ("Олена", "123 45 67", "0671234567")] == [False] * 3
        assert [hidden in plain for hidden in ("Олена", "123 45 67", "+380671234567")] == [True] * 3


def test_a_call_as_data(url: str) -> None:
    call = data(url, f"calls show {ORDERED}")
    assert [turn["speaker"] for turn in call["turns"]] == ["bot", "caller", "bot"]
    assert call["turns"][2]["latencies"] == STAGES
    assert call["tool_calls"][0]["tool"] == "search_tires"
    assert call["model_requests"][0]["cost"] == 0.00325
    assert call["cost_total"] == float(bill().total)
    assert data(url, f"calls show {HANDED_OVER}")["transfer_summary"] == "просить людину"


@pytest.mark.parametrize("command", ["calls show", "quality show"])
def test_a_call_that_is_none(url: str, command: str) -> None:
    result = run(url, f"{command} {UUID(int=99)}")
    assert (result.exit_code, result.stderr) == (
        2, f"error: there is no call {UUID(int=99)} on record: see callctl calls list\n")  # fmt: skip


def test_a_day_as_table_and_bars(url: str) -> None:
    shown = run(url, "stats daily --date 2026-11-21").stdout
    assert re.search(r"^calls +2 *$", shown, re.MULTILINE)
    assert re.search(r"^resolved by the bot +1 \(50%\)", shown, re.MULTILINE)
    assert re.search(r"^12 +1 +█{40} *$", shown, re.MULTILINE)
    assert re.search(r"^customer_request +1 +█+", shown, re.MULTILINE)
    stats = data(url, "stats daily --date 2026-11-21")
    assert (stats["calls"], stats["timezone"]) == (2, "Europe/Kyiv")
    assert stats["scenarios"] == {"tires": 1, "operator": 1}
    empty = run(url, "stats daily --date 2026-11-20")
    assert (empty.exit_code, "█" in empty.stdout) == (0, False)
    assert run(url, "stats daily").exit_code == 0


def test_calls_are_judged_and_the_verdict_shown(url: str, vendor: Vendor) -> None:
    settings = {"ANTHROPIC_BASE_URL": vendor.url, "ANTHROPIC_API_KEY": "test"}
    waiting = run(url, f"quality show {ORDERED}")
    assert (waiting.exit_code, waiting.stderr.count("\n")) == (1, 1)
    assert run(url, "quality run", **settings).stdout == "1 calls judged, 0 without a readable verdict\n"
    assert run(url, "quality run", **settings).stdout == "0 calls judged, 0 without a readable verdict\n"
    shown = run(url, f"quality show {ORDERED}").stdout
    assert re.search(r"^greeted +1\.00 +█{20} *$", shown, re.MULTILINE)
    verdict = data(url, f"quality show {ORDERED}")
    assert len(verdict["scores"]) == 8
    assert verdict["cost"] > 0
    assert "quality evaluation" in run(url, f"calls show {ORDERED}").stdout


def test_a_vendor_that_is_down_is_said_in_one_line(url: str, vendor: Vendor) -> None:
    trio.run(forget_verdicts, url)
    vendor.emulator.faults.update(fail_next=100, fail_code="529")
    result = run(url, "quality run", ANTHROPIC_BASE_URL=vendor.url, ANTHROPIC_API_KEY="test")
    assert result.exit_code == 2
    assert "0 of 1 calls were judged, the others wait for the next run" in result.stderr
    assert result.stderr.count("\n") == 1


async def forget_verdicts(url: str) -> None:
    async with Database(Config.from_env({"database": {"url": url}}).database) as database:
        await database.wait_available(5)
        await database.execute("UPDATE calls SET evaluated_at = NULL, quality = NULL, quality_score = NULL")
