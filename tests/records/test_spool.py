"""The spool alone: durable lines, the bound, torn ends, who holds it and who inherits it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from engine.config import DatabaseConfig, RecordsConfig
from engine.database.connections import identity
from engine.errors import ConfigError, SpoolError
from engine.records.entries import Entry, entry_of, parse
from engine.records.rows import EventRow
from engine.records.spool import Spool
from engine.records.spool_folder import REFUSED, segments, spool_root
from engine.records.spool_traces import age_refused, erase_refused
from engine.records.tables import Refused

START = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v, max_size=3), max_leaves=5
)


def entry(n: int, **data: object) -> Entry:
    return entry_of(EventRow(UUID(int=1), START, n, START, "tick", data))


def numbers(spool: Spool) -> list[int]:
    """Takes everything out of it, oldest first."""
    found = []
    while (segment := spool.oldest()) is not None:
        entries, _ = spool.read(segment)
        found += [each.fields()["n"] for each in entries]
        spool.remove(segment)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@given(st.dictionaries(st.text(), values, max_size=4))
def test_a_line_says_what_was_written_or_that_it_is_torn(data: dict[str, object]) -> None:
    written = entry(7, **data) if all(name.isidentifier() for name in data) else entry(7, data=data)
    line = written.line()
    assert line.count(b"\n") == 1
    assert parse(line) == written
    assert [parse(line[:end]) for end in range(len(line))] == [None] * len(line)
    assert parse(line.replace(b"tick", b"tock")) is None


def test_the_month_of_a_line_is_that_of_the_call() -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=2)))
    read = parse(entry_of(EventRow(uuid4(), elsewhere, 1, START, "tick")).line())
    assert read is not None
    assert read.month_of == START


def test_what_went_in_comes_out_in_order_and_once(root: Path) -> None:
    spool = Spool.open(root, 64 * 200)  # segments of two lines or so
    for n in range(20):
        spool.append([entry(n)])
    assert spool.statistics().rows == 20
    assert spool.statistics().segments > 5
    assert spool.statistics().bytes == sum(path.stat().st_size for path in segments(spool.path))
    assert numbers(spool) == list(range(20))
    assert (spool.statistics().rows, spool.statistics().oldest_at) == (0, None)
    spool.close()


def test_rows_may_come_while_the_oldest_are_taken_out(root: Path) -> None:
    spool = Spool.open(root, 1_000_000)
    spool.append([entry(1)])
    segment = spool.oldest()
    assert segment is not None
    spool.append([entry(2)])
    assert [each.fields()["n"] for each in spool.read(segment)[0]] == [1]
    spool.remove(segment)
    assert numbers(spool) == [2]
    spool.close()


def test_beyond_the_bound_the_oldest_go_and_are_counted(root: Path) -> None:
    spool = Spool.open(root, 10_000)
    given_up = sum(spool.append([entry(n)]) for n in range(200))
    statistics = spool.statistics()
    assert statistics.bytes <= 10_000
    assert statistics.rows == 200 - given_up
    assert given_up > 0
    assert numbers(spool) == list(range(given_up, 200))
    spool.close()


def test_a_torn_last_line_is_left_out_and_the_next_is_not_lost_with_it(root: Path) -> None:
    spool = Spool.open(root, 1_000_000)
    spool.append([entry(1), entry(2)])
    spool.close()
    (path,) = segments(root / "1")
    path.write_bytes(path.read_bytes()[:-10])
    heir = Spool.open(root, 1_000_000)
    heir.append([entry(3)])
    segment = heir.oldest()
    assert segment is not None
    assert heir.read(segment)[1] == 1
    assert numbers(heir) == [1, 3]
    heir.close()


def test_two_engines_have_their_own_and_a_new_one_inherits_from_the_dead(root: Path) -> None:
    one, two = Spool.open(root, 1_000_000), Spool.open(root, 1_000_000)
    one.append([entry(1)])
    two.append([entry(2)])
    assert one.path != two.path
    two.close()
    three = Spool.open(root, 1_000_000)
    assert numbers(three) == [2]
    assert numbers(one) == [1]
    one.close()
    three.close()


def test_what_several_dead_engines_left_pushes_nothing_out(root: Path) -> None:
    """Together it is more than one spool may hold."""
    spools = [Spool.open(root, 10_000) for _ in range(3)]
    rows = 0
    for spool in spools:
        while spool.statistics().bytes < 6_000:
            assert spool.append([entry(rows)]) == 0
            rows += 1
    for spool in spools:
        spool.close()
    heir = Spool.open(root, 10_000)
    assert heir.append([entry(rows)]) == 0
    left = [line for path in segments(root / "2") + segments(root / "3") for line in path.read_bytes().splitlines()]
    assert heir.statistics().rows + len(left) == rows + 1
    assert len({*numbers(heir)}) + len(left) == rows + 1
    heir.close()


def refused(n: int, at: datetime = START) -> Refused:
    return Refused(entry_of(EventRow(UUID(int=1), at, n, at, "tick", {"created_at": "once"})), "no such kind")


def test_what_is_refused_is_said_when_it_does_not_fit(root: Path) -> None:
    spool = Spool.open(root, 1_000)
    spool.refuse([refused(n) for n in range(10)])
    size = (spool.path / REFUSED).stat().st_size
    assert size > 1_000
    with pytest.raises(SpoolError, match="is full"):
        spool.refuse([refused(10)])
    assert (spool.path / REFUSED).stat().st_size == size
    assert (spool.path / REFUSED).stat().st_mode & 0o777 == 0o600
    spool.close()


def test_what_is_refused_has_its_term_and_stays_its_owners(root: Path) -> None:
    spool = Spool.open(root, 1_000_000)
    spool.refuse([refused(1, START - timedelta(days=1)), refused(2), refused(3, START + timedelta(days=1))])
    file = spool.path / REFUSED
    with file.open("a") as torn:
        torn.write("torn\n")
    file.chmod(0o640)
    before = file.stat()
    assert age_refused(root, START) == 1
    assert erase_refused(root, lambda line: '"n": 3' in line) == 1
    assert [line[:4] for line in file.read_text().splitlines()] == ['{"ki', "torn"]
    after = file.stat()
    assert (after.st_ino, after.st_uid, after.st_mode) == (before.st_ino, before.st_uid, before.st_mode)
    spool.close()


@pytest.fixture
def killed(root: Path) -> None:
    """A process that filled a spool and was killed."""
    code = f"""
import os, signal
from pathlib import Path
from engine.records.spool import Spool
from tests.records.test_spool import entry
spool = Spool.open(Path({str(root)!r}), 1_000_000)
spool.append([entry(n) for n in range(100)])
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9


@pytest.mark.usefixtures("killed")
def test_nothing_is_lost_with_a_process_that_is_killed(root: Path) -> None:
    spool = Spool.open(root, 1_000_000)
    assert numbers(spool) == list(range(100))
    spool.close()


def test_a_full_disk_keeps_nothing_of_the_batch_and_breaks_nothing(root: Path) -> None:
    spool = Spool.open(root, 1_000_000)
    spool.append([entry(1)])
    full = Path("/dev/full")
    assert spool._active is not None
    spool._active.close()
    spool._active = full.open("ab", buffering=0)
    with pytest.raises(SpoolError, match="No space left"):
        spool.append([entry(2)])
    spool.append([entry(3)])
    assert numbers(spool) == [1, 3]
    spool.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(SpoolError, match="RECORDS_SPOOL_DIRECTORY"):
        Spool.open(tmp_path / "spool", 1_000_000)


def test_each_database_has_a_root_whoever_asks() -> None:
    def root(url: str) -> Path:
        return spool_root(RecordsConfig(spool_directory=Path("/s")), DatabaseConfig(url=SecretStr(url)))

    first = root("postgresql://a:b@db.example:5432/shop")
    assert first == root("host=db.example port=5432 dbname=shop user=c password=d")
    assert first.name.startswith("shop-")
    others = {root("postgresql://a:b@db2.example:5432/shop"), root("postgresql://a:b@db.example:5432/other"), first}
    assert len(others) == 3
    here = {root(f"postgresql://a@{host}/shop") for host in ("localhost", "127.0.0.1", "127.0.0.1:5432", "[::1]", "")}
    assert (
        len(here | {root("host=LOCALHOST. hostaddr=127.0.0.1 dbname=shop"), root("postgresql://shop@localhost")}) == 1
    )
    assert len(here | {root("postgresql://a@localhost:5433/shop"), root("host=/tmp/mine dbname=shop")}) == 3
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        identity(DatabaseConfig(url=SecretStr("postgresql://a:b@db:port:x/ %zz")))
