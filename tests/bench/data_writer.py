"""How many rows a second go on record, and whether the media clock notices: `python -m tests.bench.data_writer`.

200 producers hand in rows as calls do, while 200 seats tick on the media clock, each sending a frame. In rounds that
take turns, so that a machine's moods meet both: the producers with no writer behind them (what making a row costs),
and with the writer at work on a real PostgreSQL. Then as fast as a heap of rows goes into the tables, and with the
database gone and the spool at work. Where there are two cores the engine's side has one of them to itself.
"""

import argparse
import gc
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import trio
from pydantic import SecretStr

from engine import log
from engine.config import DatabaseConfig
from engine.database import Database, migrate
from engine.records.rows import EventRow, Row, TurnRow
from engine.records.spool import Spool
from engine.records.writer import RecordWriter
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.bench.bars import LATER, said
from tests.bench.processes import on_cores
from tests.bench.seats import ticking

CALLS: Final = 200
RATE: Final = 5_000
HEAP: Final = 50_000
ROUNDS: Final = 15
"""As many as it takes to tell a fifth: one round's p99 is anywhere within a half of their median."""
SHARE: Final = 0.98
"""Of the rows handed in that must be in the tables when their round ends; the rest is the last batch's."""
WORDS: Final = "Так, у нас є чотири зимові шини двісті п'ять на п'ятдесят п'ять, по дві тисячі гривень. Замовити?"


def row(call_id: UUID, started_at: datetime, n: int) -> Row:
    """As many turns as events, as in a call."""
    now = datetime.now(UTC)
    if n % 2:
        return TurnRow(call_id, started_at, n, now, "bot", WORDS, "uk-UA", 0.93, latencies={"final": 280.0})
    stages = {"turn": n, "final": 280.5, "first_token": 610.1, "first_sentence": 745.9, "first_audio": 850.2}
    return EventRow(call_id, started_at, n, now, "waterfall", stages)


async def produce(writer: RecordWriter, rate: float, first: float) -> None:
    """One call's rows; begins at its own moment, as calls do."""
    call_id, started_at, n = uuid4(), datetime.now(UTC), 0
    await trio.sleep(first)
    due = trio.current_time()
    while True:
        writer.put_nowait(row(call_id, started_at, n))
        n += 1
        due += 1 / rate
        await trio.sleep_until(due)


async def load(writer: RecordWriter, rate: int, seconds: float) -> float:
    """The producers for so long; the clock's lateness p99 meanwhile, in ms."""
    began, processor = time.monotonic(), time.process_time()
    async with ticking(CALLS) as seats:
        for number in range(CALLS if rate else 0):
            seats.nursery.start_soon(produce, writer, rate / CALLS, number / rate)
        await trio.sleep(seconds)
    share = (time.process_time() - processor) / (time.monotonic() - began)
    print(f"    clock late p50 {seats.late_ms(50):.1f} ms, p99 {seats.late_ms(99):.2f} ms, "
          f"max {seats.late_ms(100):.0f} ms, missed {seats.clock.statistics().missed}; {share * 100:.0f} % of a core, "
          f"{writer.pending} rows in memory at the end", flush=True)  # fmt: skip
    return seats.late_ms(99)


async def run(server: EmbeddedPostgres, folder: Path, rate: int, seconds: float) -> None:
    gc.collect()
    gc.freeze()  # as the engine does once it is warm
    print("clock alone")
    await load(RecordWriter(None), 0, seconds)
    spool = Spool.open(folder, 2_000_000_000)
    async with Database(DatabaseConfig(url=SecretStr(server.url))) as database, trio.open_nursery() as nursery:
        await database.wait_available(10)
        await migrate(database, MIGRATIONS)
        writer = RecordWriter(database, spool)
        nursery.start_soon(writer.run)
        await trio.sleep(1)
        await rounds(writer, database, rate, seconds)
        await heap(writer, database, await count(database))
        await trio.to_thread.run_sync(server.stop)
        print(f"database gone, {rate} rows a second to the spool")
        await load(writer, rate, seconds)
        print(f"    {spool.statistics().rows} rows, {spool.statistics().bytes / 1e6:.0f} MB in the spool")
        await trio.to_thread.run_sync(server.start)
        await replayed(spool)
        nursery.cancel_scope.cancel()


async def rounds(writer: RecordWriter, database: Database, rate: int, seconds: float) -> None:
    """Without and with the writer in turn; the medians beside the bars."""
    without, beside, shares = list[float](), list[float](), list[float]()
    for number in range(2 * ROUNDS):
        if number % 4 in {0, 3}:  # neither is always the second
            print(f"rows made and thrown away, {rate} a second")
            without.append(await load(RecordWriter(None), rate, seconds))
            continue
        print(f"the writer at work, {rate} rows a second")
        before = await count(database)
        beside.append(await load(writer, rate, seconds))
        shares.append((await count(database) - before) / (rate * seconds))
        while writer.pending:  # noqa: ASYNC110 - a queue tells nothing
            await trio.sleep(0.01)
    share, alone, together = (statistics.median(values) for values in (shares, without, beside))
    print(f"in the tables as they come: {share * rate:.0f} rows a second: {said(share >= SHARE)}, "
          f"bar {SHARE * rate:.0f} of {rate}")  # fmt: skip
    print(f"clock late p99, median of {ROUNDS} rounds: {alone:.2f} ms without the writer, {together:.2f} with it: "
          f"{said(together <= LATER * alone)}, bar {LATER * alone:.2f}", flush=True)  # fmt: skip


async def heap(writer: RecordWriter, database: Database, before: int) -> None:
    """As fast as it goes, never more in memory than the writer may hold."""
    call_id, started_at, began = uuid4(), datetime.now(UTC), time.monotonic()
    for n in range(HEAP):
        writer.put_nowait(row(call_id, started_at, n))
        while writer.pending > 2000:  # noqa: ASYNC110 - as above
            await trio.sleep(0.001)
    while writer.pending:  # noqa: ASYNC110 - as above
        await trio.sleep(0.001)
    rate = (await count(database) - before) / (time.monotonic() - began)
    print(f"as fast as it goes\n    {rate:.0f} rows a second", flush=True)


async def replayed(spool: Spool) -> None:
    rows, began = spool.statistics().rows, time.monotonic()
    while spool.statistics().rows:  # noqa: ASYNC110 - as above
        await trio.sleep(0.05)
    seconds = time.monotonic() - began
    print(f"database back\n    spool empty after {seconds:.1f} s, {rows / seconds:.0f} rows a second")


async def count(database: Database) -> int:
    query = "SELECT (SELECT count(*) FROM call_turns) + (SELECT count(*) FROM call_events) AS n"
    found: int = (await database.fetch(query))[0]["n"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=RATE, help="rows a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round (default 5)")
    chosen = parser.parse_args()
    log.configure("ERROR")
    first, *rest = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with on_cores(rest or [first]):
            server = EmbeddedPostgres(Path(name) / "postgres")
            server.start()
        try:
            with on_cores([first]):
                trio.run(run, server, Path(name) / "spool", chosen.rate, chosen.seconds)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
