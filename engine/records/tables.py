"""Puts entries into the tables: a batch is one transaction, durable when it returns, and may be repeated.

A month nobody prepared is made on the way. Data the database will never take are found by halving and handed back;
everything else of the batch is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.database import Database
from engine.errors import DataRefused
from engine.records.entries import Entry
from engine.records.erased import mark, without_erased
from engine.records.statements import INSERT, KINDS

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
        known = [entry for entry in entries if entry.kind in KINDS]
        strange = [Refused(entry, "a kind this version does not know") for entry in entries if entry.kind not in KINDS]
        return strange + (await self._write(known) if known else [])

    async def replay(self, entries: Sequence[Entry]) -> list[Refused]:
        """`write` what has waited, without those who were erased meanwhile."""
        strange = [entry for entry in entries if entry.kind not in KINDS]
        clean, his_calls = await without_erased(self._database, [entry for entry in entries if entry.kind in KINDS])
        refused = await self.write([*strange, *clean])
        await mark(self._database, his_calls)
        return refused

    async def _write(self, entries: Sequence[Entry]) -> list[Refused]:
        try:
            await self._write_together(entries)
        except DataRefused as error:
            if self._forget(entries):
                return await self._write(entries)
            if len(entries) == 1:
                return [Refused(entries[0], str(error))]
            middle = len(entries) // 2
            return await self._write(entries[:middle]) + await self._write(entries[middle:])
        return []

    async def _write_together(self, entries: Sequence[Entry]) -> None:
        months = _months(entries)
        missing = [moment for month, moment in months.items() if month not in self._prepared]
        await self._pipeline.write([
            *(("SELECT ensure_partitions($1)", [moment.isoformat().encode()]) for moment in missing),
            *((INSERT[KINDS[kind]], [array]) for kind, array in _arrays(entries).items()),
        ])  # fmt: skip
        self._prepared |= months.keys()

    def _forget(self, entries: Sequence[Entry]) -> bool:
        """A partition dropped under us looks like a refusal too. Whether there was anything to forget."""
        prepared = self._prepared & _months(entries).keys()
        self._prepared -= prepared
        return bool(prepared)


def _arrays(entries: Iterable[Entry]) -> Mapping[str, bytes]:
    """Each kind's rows as one JSON array."""
    rows: dict[str, list[bytes]] = {}
    for entry in entries:
        rows.setdefault(entry.kind, []).append(entry.json)
    return {kind: b"[" + b",".join(lines) + b"]" for kind, lines in rows.items()}


def _months(entries: Iterable[Entry]) -> Mapping[Month, datetime]:
    """Each month the entries need, with a moment in it. A call's rows have their moment in common."""
    of_calls = {id(entry.month_of): entry.month_of for entry in entries if entry.month_of is not None}
    return {(moment.year, moment.month): moment for moment in (each.astimezone(UTC) for each in of_calls.values())}
