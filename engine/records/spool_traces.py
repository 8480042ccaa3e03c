"""What the spools of this machine hold of a person. A record that waits there would bring back what was erased."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.errors import SpoolError
from engine.records.spool_folder import REFUSED, folders, segments

_TIMES: Final = ("started_at", "intended_at", "created_at", "updated_at")
"""Of a row, the first it has: what its term is counted from."""


def waiting(root: Path) -> int:
    """Segments below `root` with records in them, whoever's they are. Blocks."""
    return sum(segment.stat().st_size > 0 for folder in folders(root) for segment in segments(folder))


def names(root: Path, is_his: Callable[[str], bool]) -> bool:
    """Whether any record that waits below `root` is his. Blocks."""
    return any(is_his(line) for folder in folders(root) for segment in segments(folder) for line in _lines(segment))


def erase_refused(root: Path, is_his: Callable[[str], bool]) -> int:
    """Take the lines that are his out of what the database has refused; how many there were. Blocks. Raises
    `SpoolError`."""
    return sum(_erase_lines(folder / REFUSED, is_his) for folder in folders(root))


def age_refused(root: Path, before: datetime) -> int:
    """The same of lines that are about calls from before then, whosever they are. A line that says no time stays."""

    def is_old(line: str) -> bool:
        at = _moment(line)
        return at is not None and at < before

    return erase_refused(root, is_old)


def _moment(line: str) -> datetime | None:
    try:
        row = json.loads(line)["row"]
        return next(datetime.fromisoformat(row[name]) for name in _TIMES if name in row).astimezone(UTC)
    except (ValueError, KeyError, TypeError, StopIteration):
        return None


def _erase_lines(path: Path, is_gone: Callable[[str], bool]) -> int:
    """In its place, so that it stays its owner's, and while nobody adds to it."""
    try:
        with path.open("r+", errors="surrogateescape") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = file.readlines()
            kept = [line for line in lines if not is_gone(line)]
            if len(kept) < len(lines):
                file.seek(0)
                file.writelines(kept)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise SpoolError(f"{path}: {error.strerror}") from error
    return len(lines) - len(kept)


def _lines(segment: Path) -> Iterator[str]:
    """None if an engine has just brought it to its table."""
    with suppress(FileNotFoundError), segment.open(errors="replace") as file:
        yield from file
