"""A reindex in a process of its own, slow enough to be killed in the middle of it.

DATABASE_URL=... python -m tests.knowledge.embeddings.building SECONDS_A_BATCH
"""

import sys
from functools import partial

import trio

from engine.config import Config
from engine.database import Database
from engine.knowledge.embeddings.reindex import rebuild
from tests.knowledge.embeddings.shop import StemEmbedder


async def main(seconds: float) -> None:
    embedder = StemEmbedder(before=partial(trio.sleep, seconds))
    async with Database(Config.from_env().database) as database:
        await rebuild(database, embedder, rate=1000)


if __name__ == "__main__":
    trio.run(main, float(sys.argv[1]))
