"""What every command that needs the records does first: open the database of DATABASE_URL, or say what is missing."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from cli.errors import clear_errors

if TYPE_CHECKING:
    from engine.database import Database

_PATIENCE = 5.0


def with_database[T](work: "Callable[[Database], Awaitable[T]]") -> T:
    """What `work` gives, with the open database. Errors of the engine end the command in one line."""
    import trio

    from engine.config import Config
    from engine.database import Database
    from engine.errors import ConfigError, DatabaseAway

    async def main() -> T:
        config = Config.from_env().database
        if not config.url.get_secret_value():
            raise ConfigError("DATABASE_URL is not set")
        async with Database(config) as database:
            if not await database.wait_available(_PATIENCE):
                raise DatabaseAway(f"the database of DATABASE_URL does not answer within {_PATIENCE:.0f} s")
            return await work(database)

    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # its warnings would bury the one line that counts
    with clear_errors():
        return trio.run(main)
