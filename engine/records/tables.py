"""Puts entries into the tables: a batch is one transaction, durable when it returns, and may be repeated.

A month nobody prepared is made on the way. Data the database will never take are found by halving and handed back;
everything else of the batch is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import Final

import trio

from engine.database import Database, Statement
from engine.errors import DataRefused
from engine.records.entries import Entry
from engine.records.erased import mark, without_erased
from engine.records.statements import INSERT, KINDS

_STRANGE: Final = "a kind this version does not know"
_AT_ONCE: Final = 100

type Month = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry no table will take, and why."""

    entry: Entry
    error: str


class RecordTables:
    """Remembers which months it has prepared, and keeps a connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pipeline = database.pipeline()
        self._prepared: set[Month] = set()

    async def write(self, entries: Sequence[Entry]) -> list[Refused]:
        """All are in the tables but those returned. Raises `DatabaseError`: nothing can be said of any."""
        try:
            return await self._write_together(entries)
        except DataRefused as error:
            if self._forget(entries):
                return await self.write(entries)
            if len(entries) == 1:
                return [Refused(entries[0], str(error))]
            middle = len(entries) // 2
            return await self.write(entries[:middle]) + await self.write(entries[middle:])

    async def replay(self, entries: Sequence[Entry]) -> list[Refused]:
        """`write` what has waited, without those who were erased meanwhile."""
        strange = [entry for entry in entries if entry.kind not in KINDS]
        clean, his_calls = await without_erased(self._database, [entry for entry in entries if entry.kind in KINDS])
        refused = await self.write([*strange, *clean])
        await mark(self._database, his_calls)
        return refused

    async def _write_together(self, entries: Sequence[Entry]) -> list[Refused]:
        """Or raises `DataRefused`, and none is written."""
        rows, months = await _sorted(entries)
        strange = [Refused(entry, _STRANGE) for kind in rows.keys() - KINDS.keys() for entry in rows.pop(kind)]
        statements = list[Statement]()
        for month in months.keys() - self._prepared:
            statements.append(("SELECT ensure_partitions($1)", [months[month].isoformat().encode()]))
        for kind, of_kind in rows.items():
            statements.append((INSERT[KINDS[kind]], [b"[%s]" % b",".join([entry.json for entry in of_kind])]))
            await trio.lowlevel.checkpoint()  # frames may be due
        if statements:
            await self._pipeline.write(statements)
        self._prepared |= months.keys()
        return strange

    def _forget(self, entries: Sequence[Entry]) -> bool:
        """A partition dropped under us looks like a refusal too. Whether there was anything to forget."""
        prepared = self._prepared & _months(entries).keys()
        self._prepared -= prepared
        return bool(prepared)


async def _sorted(entries: Iterable[Entry]) -> tuple[dict[str, list[Entry]], dict[Month, datetime]]:
    """By kind, and the months they need. Not all at one go: rows that have waited are no longer in the processor's
    caches, and frames may be due."""
    rows: dict[str, list[Entry]] = {}
    months: dict[Month, datetime] = {}
    for some in batched(entries, _AT_ONCE):
        for entry in some:
            rows.setdefault(entry.kind, []).append(entry)
        months |= _months(entry for entry in some if entry.kind in KINDS)
        await trio.lowlevel.checkpoint()
    return rows, months


def _months(entries: Iterable[Entry]) -> dict[Month, datetime]:
    """Each month the entries need, with a moment in it. A call's rows have their moment in common."""
    of_calls = {id(entry.month_of): entry.month_of for entry in entries if entry.month_of is not None}
    return {(moment.year, moment.month): moment for moment in (each.astimezone(UTC) for each in of_calls.values())}
