"""Records on disk while the database does not take them: segments of checksummed lines, oldest out first.

Everything here blocks and may be called from any thread. A batch is durable when `append` returns. The spool is
bounded: beyond `max_bytes` the oldest segment goes, and is counted. A line torn by a crash is skipped, and counted.
"""

import fcntl
import json
import os
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

import trio

from engine.config import DatabaseConfig, RecordsConfig
from engine.errors import SpoolError
from engine.records.entries import Entry, kind_of, parse
from engine.records.spool_folder import (
    REFUSED,
    SpoolFolder,
    claim,
    opened_at,
    segment_name,
    segments,
    spool_root,
    sync_folder,
)
from engine.records.tables import Refused

MEGABYTE: Final = 1_000_000
_SEGMENTS: Final = 64
"""The bound is kept to one part in so many: what is dropped is the oldest segment."""
_LARGEST_SEGMENT: Final = MEGABYTE


@dataclass(slots=True)
class Segment:
    """`rows` may count a torn line."""

    path: Path
    rows: int
    bytes: int

    @property
    def opened_at(self) -> float:
        """Seconds of the epoch."""
        return opened_at(self.path)


@dataclass(frozen=True, slots=True)
class SpoolStatistics:
    segments: int
    rows: int
    bytes: int
    oldest_at: float | None
    """Seconds of the epoch; None when empty."""


class Spool:
    """The spool of this process, from `open` to `close`."""

    def __init__(self, folder: SpoolFolder, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = min(_LARGEST_SEGMENT, max_bytes // _SEGMENTS)
        self._lock = threading.Lock()
        self._segments = deque(_counted(path) for path in segments(folder.path))
        self._active: IO[bytes] | None = None
        """The last segment, while it is being written."""

    @classmethod
    def open(cls, root: Path, max_bytes: int) -> Self:
        """Ours, and what engines that are gone have left, as long as it leaves room for as much again. Raises
        `SpoolError`."""
        try:
            return cls(claim(root, max_bytes // 2), max_bytes)
        except OSError as error:
            raise SpoolError(f"RECORDS_SPOOL_DIRECTORY: {root}: {error.strerror}") from error

    def close(self) -> None:
        """Another process may have it now."""
        with self._lock:
            self._seal()
            self._folder.release()

    @property
    def path(self) -> Path:
        return self._folder.path

    def append(self, entries: Sequence[Entry]) -> int:
        """Durable on return. The number of older rows given up for the bound. Raises `SpoolError`: none is kept."""
        lines = b"".join(entry.line() for entry in entries)
        with self._lock:
            try:
                segment = self._writable()
                self._write(segment, lines)
            except OSError as error:
                raise SpoolError(f"the spool at {self.path}: {error.strerror}") from error
            segment.rows += len(entries)
            segment.bytes += len(lines)
            return self._shrink()

    def oldest(self) -> Segment | None:
        """The segment to replay next; nothing is added to it any more."""
        with self._lock:
            if len(self._segments) == 1:
                self._seal()
            return self._segments[0] if self._segments else None

    def read(self, segment: Segment) -> tuple[list[Entry], int]:
        """What is whole in it, and the number of torn lines. One that was dropped meanwhile is empty."""
        try:
            lines = segment.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return [], 0
        entries = [entry for line in lines if (entry := parse(line)) is not None]
        return entries, len(lines) - len(entries)

    def entries(self, kind: str) -> Iterator[Entry]:
        """All of one kind, oldest first, without taking them out."""
        with self._lock:
            paths = [segment.path for segment in self._segments]
        for path in paths:
            with suppress(FileNotFoundError):
                for line in path.read_bytes().splitlines(keepends=True):
                    if kind_of(line) == kind and (entry := parse(line)) is not None:
                        yield entry

    def remove(self, segment: Segment) -> None:
        """All of it is in the tables."""
        with self._lock, suppress(ValueError):
            self._segments.remove(segment)
        segment.path.unlink(missing_ok=True)

    def refuse(self, refused: Sequence[Refused]) -> None:
        """Keep what no table takes, beside the spool and within the bound, for a person. Raises `SpoolError`."""
        path = self.path / REFUSED
        try:
            path.touch(mode=0o600)
            with self._lock, path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if file.seek(0, os.SEEK_END) >= self._max_bytes:
                    raise SpoolError(f"{path} is full: look at it, and remove it")
                file.writelines(_refusal(each) for each in refused)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SpoolError(f"{path}: {error.strerror}") from error

    def statistics(self) -> SpoolStatistics:
        with self._lock:
            rows, size = sum(each.rows for each in self._segments), sum(each.bytes for each in self._segments)
            oldest_at = self._segments[0].opened_at if self._segments else None
            return SpoolStatistics(len(self._segments), rows, size, oldest_at)

    def _writable(self) -> Segment:
        if self._active is not None and self._segments[-1].bytes >= self._segment_bytes:
            self._seal()
        if self._active is None:
            path = self.path / segment_name(self.path, time.time_ns())
            self._active = path.open("xb", buffering=0)
            path.chmod(0o600)
            self._segments.append(Segment(path, 0, 0))
            sync_folder(self.path)
        return self._segments[-1]

    def _write(self, segment: Segment, lines: bytes) -> None:
        """A full disk leaves half a line: cut it off, or the next one would be lost with it."""
        assert self._active is not None
        view = memoryview(lines)
        try:
            while view:
                view = view[self._active.write(view) :]
            os.fsync(self._active.fileno())
        except OSError:
            with suppress(OSError):
                self._active.truncate(segment.bytes)
            self._seal()
            raise

    def _shrink(self) -> int:
        given_up = 0
        while len(self._segments) > 1 and sum(each.bytes for each in self._segments) > self._max_bytes:
            oldest = self._segments.popleft()
            oldest.path.unlink(missing_ok=True)
            given_up += oldest.rows
        return given_up

    def _seal(self) -> None:
        if self._active is not None:
            self._active.close()
            self._active = None


@asynccontextmanager
async def open_spool(config: RecordsConfig, database: DatabaseConfig) -> AsyncGenerator[Spool]:
    """This process's spool of records for that database. Raises `SpoolError`."""
    root = spool_root(config, database)
    spool = await trio.to_thread.run_sync(Spool.open, root, config.spool_megabytes * MEGABYTE)
    try:
        yield spool
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(spool.close)


def _counted(path: Path) -> Segment:
    content = path.read_bytes()
    return Segment(path, content.count(b"\n"), len(content))


def _refusal(refused: Refused) -> bytes:
    said = {"kind": refused.entry.kind, "error": refused.error, "row": refused.entry.fields()}
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"
