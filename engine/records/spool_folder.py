"""Where spools lie: one folder for each engine of this machine, below one root for each database. What was meant for
one database is never replayed into another, however many there are in use.

A folder belongs to whoever holds the flock of its file `lock`; the kernel lets go of it however the holder dies. So a
new engine takes the first folder that nobody holds, and with it what a dead one has left there. Folders are never
removed: a lock on a file that is gone would protect nothing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from engine.config import DatabaseConfig, RecordsConfig, state_folder
from engine.database.connections import identity

SEGMENTS: Final = "*.jsonl"
REFUSED: Final = "refused"
"""A file of one JSON object a line: what the database will never take."""


@dataclass(frozen=True, slots=True)
class SpoolFolder:
    """A folder held by this process until `release`."""

    path: Path
    lock: IO[bytes]

    def release(self) -> None:
        self.lock.close()

    @classmethod
    def hold(cls, path: Path) -> Self | None:
        """None if another process holds it. Raises `OSError`."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (path / "lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return cls(path, lock)


def spool_home(config: RecordsConfig) -> Path:
    """Holds the roots of all databases."""
    return config.spool_directory or state_folder() / "spool"


def spool_root(config: RecordsConfig, database: DatabaseConfig) -> Path:
    """Of one database."""
    return spool_home(config) / identity(database)


def roots(home: Path) -> list[Path]:
    """Of all databases there were, in order."""
    with suppress(FileNotFoundError):
        return sorted(path for path in home.iterdir() if path.is_dir())
    return []


def folders(root: Path) -> list[Path]:
    """Those there are, in order."""
    with suppress(FileNotFoundError):
        return sorted((path for path in root.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    return []


def claim(root: Path, room: int) -> SpoolFolder:
    """One of our own, with what engines that are gone have left moved into it, as long as all of it is no more than
    `room` bytes: beyond our bound it would push out rows at the first append. The rest stays where it lies, and is
    replayed from there. Raises `OSError`."""
    own = _first_free(root)
    taken = sum(segment.stat().st_size for segment in segments(own.path))
    for path in folders(root):
        if path != own.path and (dead := SpoolFolder.hold(path)) is not None:
            for segment in segments(dead.path):
                taken += segment.stat().st_size
                if taken > room:
                    break
                segment.rename(own.path / segment.name)
            dead.release()
    return own


def segments(folder: Path) -> list[Path]:
    """Oldest first: their names begin with the time they were opened."""
    return sorted(folder.glob(SEGMENTS))


def segment_name(folder: Path, nanoseconds: int) -> str:
    """Of a segment opened now; no two of one root are alike."""
    return f"{nanoseconds:020d}-{folder.name}.jsonl"


def opened_at(segment: Path) -> float:
    """Seconds of the epoch."""
    return int(segment.name.partition("-")[0]) / 1e9


def sync_folder(folder: Path) -> None:
    """Make the names in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_free(root: Path) -> SpoolFolder:
    return next(folder for folder in map(SpoolFolder.hold, _numbered(root)) if folder is not None)


def _numbered(root: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield root / str(number)
        number += 1
