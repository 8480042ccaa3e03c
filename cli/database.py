"""What every command that needs the records does first: open the database that is in force, or say what is missing."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from cli.errors import clear_errors
from cli.installation import NO_DATABASE, in_force

if TYPE_CHECKING:
    from engine.database import Database

_PATIENCE = 5.0


def with_database[T](work: "Callable[[Database], Awaitable[T]]") -> T:
    """What `work` gives, with the open database. Errors of the engine end the command in one line."""
    import trio

    from engine.database import Database
    from engine.errors import ConfigError, DatabaseAway

    async def main() -> T:
        config = in_force().database
        if not config.url.get_secret_value():
            raise ConfigError(NO_DATABASE)
        async with Database(config) as database:
            if not await database.wait_available(_PATIENCE):
                raise DatabaseAway(f"the database of DATABASE_URL does not answer within {_PATIENCE:.0f} s")
            return await work(database)

    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # its warnings would bury the one line that counts
    with clear_errors():
        return trio.run(main)
