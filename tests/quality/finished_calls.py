"""Finished calls on record, for a judge."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from engine.database import Database

START: Final = datetime(2026, 11, 21, 10, tzinfo=UTC)
GOOD: Final = (
    ("bot", "Добрий день! Це магазин шин."),
    ("caller", "Мене звати Олена, мій номер 067 123 45 67, хочу зимові шини"),
    ("bot", "Є чотири моделі. Оформити замовлення?"),
    ("caller", "Так, дякую"),
    ("bot", "Замовлення підтверджено. До побачення!"),
)
type Said = Sequence[tuple[str, str]]


async def put(
    database: Database, *, said: Said = GOOD, outcome: str = "completed", minute: int = 0, ended: bool = True
) -> UUID:
    """A call of the `minute`-th minute after `START`."""
    call_id, started = uuid4(), START + timedelta(minutes=minute)
    await database.execute("SELECT ensure_partitions(%s)", [started])
    await database.execute(
        "INSERT INTO calls (id, started_at, ended_at, outcome, caller) VALUES (%s, %s, %s, %s, '+380671234567')",
        [call_id, started, started + timedelta(seconds=90) if ended else None, outcome if ended else None],
    )
    await database.execute_many(
        "INSERT INTO call_turns (call_id, started_at, n, at, speaker, text) VALUES (%s, %s, %s, %s, %s, %s)",
        [(call_id, started, n, started + timedelta(seconds=n), who, text) for n, (who, text) in enumerate(said, 1)],
    )
    return call_id


async def row(database: Database, call_id: UUID) -> dict[str, Any]:
    (found,) = await database.fetch("SELECT * FROM calls WHERE id = %s", [call_id])
    return found
