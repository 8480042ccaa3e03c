"""Before calls are answered: whether the records fit the database."""

from engine.config import DatabaseConfig
from engine.database import Session, require_current
from engine.errors import DatabaseAway
from engine.log import get_logger
from sql import MIGRATIONS

log = get_logger("schema")

_STATEMENT_MS = 3000


async def refuse_strange_schema(config: DatabaseConfig) -> None:
    """Raises `SchemaError`, with the remedy, for a schema of another version. A database that is away, or slow, stops
    nobody: calls go on, and their records wait."""
    try:
        async with Session(config, statement_timeout_ms=_STATEMENT_MS) as session:
            await require_current(session, MIGRATIONS)
    except DatabaseAway as error:
        log.warning("schema_unchecked", error=str(error))
