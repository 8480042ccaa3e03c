"""Which instructions a call was held under: each text has a name made from itself, and is on record once.

A call carries only the name, so that calls under one text can be compared with those under another. Texts are never
changed: another text is another version. What changes is which share of new calls is held under each.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import trio

from engine.database import Database, Row, Runner, Statements
from engine.errors import DatabaseAway, DatabaseError
from engine.log import get_logger

log = get_logger("records.prompts")

_ID_DIGITS: Final = 12
_RETRY_SECONDS: Final = 5.0
_RESULTS_OF: Final = timedelta(days=30)
_INSERT: Final = """
    INSERT INTO prompt_versions (id, language, name, text, created_by) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING"""
_LIST: Final = """
    SELECT id, language, name, created_at, created_by, share, calls, quality_mean, cost_mean, transferred
    FROM prompt_versions LEFT JOIN (
        SELECT prompt_version AS id, count(*) AS calls, avg(quality_score)::float AS quality_mean,
               avg(cost_total)::float AS cost_mean,
               count(*) FILTER (WHERE outcome IN ('transferred', 'failed_over')) AS transferred
        FROM calls WHERE started_at > now() - %s GROUP BY 1
    ) AS results USING (id) ORDER BY created_at DESC, id"""
_FIND: Final = "SELECT id, language, name, text, created_at, created_by, share FROM prompt_versions WHERE id = %s"
_ACTIVE: Final = "SELECT id, language, name, text, share FROM prompt_versions WHERE share > 0 ORDER BY id"


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """Instructions to the model. `id`: of language and text; `name`: where they came from, for people."""

    id: str
    language: str
    name: str
    text: str


type Shares = Mapping[str, float]
"""Version -> the share of new calls held under it. What is left of 1 goes to the program's own."""


def prompt_version(language: str, name: str, text: str) -> PromptVersion:
    """The same text in the same language has the same id, on every machine."""
    digest = hashlib.sha256(f"{language}\0{text}".encode()).hexdigest()
    return PromptVersion(digest[:_ID_DIGITS], language, name, text)


async def remember(database: Database, version: PromptVersion, *, retry_seconds: float = _RETRY_SECONDS) -> None:
    """Put the text on record if it is not; waits as long as the database is away. A refusal is logged: calls go on."""
    while True:
        try:
            await create(database, version, None)
        except DatabaseAway:
            await trio.sleep(retry_seconds)
        except DatabaseError as error:
            log.error("prompt_version_refused", id=version.id, error=str(error))
            return
        else:
            return


async def create(runner: Runner, version: PromptVersion, who: str | None) -> bool:
    """Whether it was not there before. `who` None: it came with the program. Raises `DatabaseError`, as all below."""
    return await runner.execute(_INSERT, [version.id, version.language, version.name, version.text, who]) == 1


async def listed(runner: Runner) -> list[Row]:
    """The newest first, without their texts, with what the last thirty days' calls under each came to."""
    return await runner.fetch(_LIST, [_RESULTS_OF])


async def find(runner: Runner, version_id: str) -> Row | None:
    rows = await runner.fetch(_FIND, [version_id])
    return rows[0] if rows else None


async def active(runner: Runner) -> dict[PromptVersion, float]:
    """Those that have a share, with it."""
    rows = await runner.fetch(_ACTIVE)
    return {PromptVersion(row["id"], row["language"], row["name"], row["text"]): row["share"] for row in rows}


def shares_tag(shares: Shares) -> str:
    """Changes with the shares: by it is known whether somebody else was quicker. Pure."""
    return hashlib.sha256(repr(sorted(shares.items())).encode()).hexdigest()[:16]


async def activate(runner: Runner, shares: Shares, expected: str, who: str) -> bool:
    """Give every version its share, those not named none. False, and nothing is done, where the shares are no longer
    those of the tag `expected`, or a version is not there."""

    def work(statements: Statements) -> bool:
        statements.execute("LOCK TABLE prompt_versions IN SHARE ROW EXCLUSIVE MODE")
        rows = statements.fetch("SELECT id, share FROM prompt_versions")
        present = {row["id"]: row["share"] for row in rows if row["share"] > 0}
        if shares_tag(present) != expected or not shares.keys() <= {row["id"] for row in rows}:
            return False
        statements.execute("UPDATE prompt_versions SET share = 0 WHERE share > 0")
        for version_id, share in shares.items():
            statements.execute("UPDATE prompt_versions SET share = %s WHERE id = %s", [share, version_id])
        statements.execute("INSERT INTO prompt_activations (who, shares) VALUES (%s, %s)", [who, dict(shares)])
        return True

    return await runner.transaction(work)
