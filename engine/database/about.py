"""What a database says of itself, for people."""

from dataclasses import dataclass
from typing import Final

from engine.database.statements import Runner

_ABOUT: Final = """
    SELECT split_part(current_setting('server_version'), ' ', 1) AS server, max(name) AS schema
    FROM schema_migrations"""


@dataclass(frozen=True, slots=True)
class About:
    """`server`: its version. `schema`: the last migration that was applied."""

    server: str
    schema: str


async def about(runner: Runner) -> About:
    """Raises `DatabaseError`."""
    [row] = await runner.fetch(_ABOUT)
    return About(row["server"], row["schema"] or "")
