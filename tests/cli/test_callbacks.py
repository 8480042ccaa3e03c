"""`callctl callbacks`, as an operator types it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio
from typer.testing import CliRunner

from cli.main import app
from engine.records.entries import entry_of
from engine.records.rows import CallbackRow
from engine.records.tables import RecordTables
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database

type Type = Callable[..., tuple[int, str, str]]

WAITING, OTHER = uuid4(), UUID("0b5e7a53-8f5c-4d5e-9f5a-2b3f0b8a7c11")
ASKED = CallbackRow(WAITING, uuid4(), "+380671234567", "Олена", "Шини R16", "завтра", datetime.now(UTC))


@pytest.fixture
def type_(server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.chdir(tmp_path)

    async def prepare() -> None:
        async with fresh_database(server) as database:
            await RecordTables(database).write([entry_of(ASKED)])

    trio.run(prepare)

    def type_(*words: str) -> tuple[int, str, str]:
        result = CliRunner(env={"DATABASE_URL": server.url}).invoke(app, ["callbacks", *words])
        return result.exit_code, result.stdout, result.stderr

    return type_


def test_who_waits_is_listed_masked(type_: Type) -> None:
    code, shown, _ = type_("list")
    assert code == 0
    for part in (str(WAITING), "+38067***4567", "О***", "завтра", "Шини R16", "waits"):
        assert part in shown
    assert "+380671234567" in type_("list", "--unmask")[1]
    [row] = json.loads(type_("list", "--json")[1])
    assert UUID(row["id"]) == WAITING
    assert "T" in row["created_at"]
    assert row["phone"] == "+38067***4567"


def test_one_is_ticked_off_once(type_: Type) -> None:
    assert type_("done", str(WAITING), "--note", "ordered")[:2] == (0, "done\n")
    assert str(WAITING) not in type_("list")[1]
    [row] = json.loads(type_("list", "--all", "--json")[1])
    assert row["result"] == "ordered"
    assert row["done_by"]
    code, _, complaint = type_("done", str(WAITING))
    assert code == 1
    assert "was done already" in complaint


@pytest.mark.parametrize(
    ("wanted", "complaint"), [("17", "callctl callbacks list"), (str(OTHER), "there is no request")]
)
def test_a_wrong_id_costs_one_line(wanted: str, complaint: str, type_: Type) -> None:
    code, _, error = type_("done", wanted)
    assert code == 2
    assert complaint in error
    assert error.count("\n") == 1
