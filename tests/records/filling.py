"""A process that puts rows on record until it is killed: `python -m tests.records.filling DATABASE_URL SPOOL`.

Every fiftieth row is named on stdout when it is handed in.
"""

import sys
from pathlib import Path

import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database
from engine.records.spool import Spool
from engine.records.writer import RecordWriter
from tests.records.test_record_storage import event


async def main(url: str, folder: str) -> None:
    spool = Spool.open(Path(folder), 50_000_000)
    async with Database(DatabaseConfig(url=SecretStr(url))) as database, trio.open_nursery() as nursery:
        writer = RecordWriter(database, spool)
        nursery.start_soon(writer.run)
        n = 0
        while True:
            writer.put_nowait(event(n))
            if n % 50 == 0:
                print(n, flush=True)
                await trio.sleep(0.025)
            n += 1


if __name__ == "__main__":
    _, url, folder = sys.argv
    trio.run(main, url, folder)
