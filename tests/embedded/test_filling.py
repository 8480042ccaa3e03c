"""The embedded database is given articles once: what is edited later outlives a restart."""

from engine.config import Config
from engine.database import Database
from ops.embedded.world import SEED_KNOWLEDGE, prepare_database
from tests.temporary import temporary_postgres

_EDIT = "UPDATE articles SET text = 'edited' WHERE path = 'about.md'"
_TEXTS = "SELECT path, text FROM articles ORDER BY path"


async def test_a_restart_keeps_what_was_edited() -> None:
    with temporary_postgres() as server:
        overrides = {"database": {"url": server.url}}
        await prepare_database(overrides, SEED_KNOWLEDGE)
        async with Database(Config.from_env(overrides).database) as database:
            await database.wait_available(10)
            await database.execute("DELETE FROM articles WHERE path = 'age.md'")
            await database.execute(_EDIT)
            edited = await database.fetch(_TEXTS)
            await prepare_database(overrides, SEED_KNOWLEDGE)
            assert await database.fetch(_TEXTS) == edited
        assert edited
