"""The embedded knowledge base gets its vectors by itself, or the reason why not is logged."""

import structlog
import trio

from engine.config import Config
from engine.database import Database, migrate
from engine.knowledge.embeddings.sets import active_set, count_missing
from ops.embedded.indexing import index_articles
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.knowledge.embeddings.shop import SHOP, stock


async def test_by_itself_and_never_fatal(server: EmbeddedPostgres) -> None:
    config = Config.from_env({"database": {"url": server.url}, "embeddings": {"provider": "local"}})
    async with Database(config.database) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        with structlog.testing.capture_logs() as logs:
            await index_articles(config)
            await stock(database, SHOP)
            with trio.fail_after(60):
                await index_articles(config)
        active = await active_set(database)
        assert active is not None
        assert await count_missing(database, active) == 0
    assert [each["event"] for each in logs] == ["articles_not_indexed", "articles_indexed"]
