"""Which instructions a call was held under: each text has a name made from itself, and is on record once.

A call carries only the name, so that calls under one text can be compared with those under another.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import trio

from engine.database import Database
from engine.errors import DatabaseAway, DatabaseError
from engine.log import get_logger

log = get_logger("records.prompts")

_ID_DIGITS: Final = 12
_RETRY_SECONDS: Final = 5.0
_INSERT: Final = """
    INSERT INTO prompt_versions (id, language, name, text) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """Instructions to the model. `id`: of language and text; `name`: where they came from, for people."""

    id: str
    language: str
    name: str
    text: str


def prompt_version(language: str, name: str, text: str) -> PromptVersion:
    """The same text in the same language has the same id, on every machine."""
    digest = hashlib.sha256(f"{language}\0{text}".encode()).hexdigest()
    return PromptVersion(digest[:_ID_DIGITS], language, name, text)


async def remember(database: Database, version: PromptVersion, *, retry_seconds: float = _RETRY_SECONDS) -> None:
    """Put the text on record if it is not; waits as long as the database is away. A refusal is logged: calls go on."""
    while True:
        try:
            await database.execute(_INSERT, [version.id, version.language, version.name, version.text])
        except DatabaseAway:
            await trio.sleep(retry_seconds)
        except DatabaseError as error:
            log.error("prompt_version_refused", id=version.id, error=str(error))
            return
        else:
            return
