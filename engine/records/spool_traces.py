"""What the spools of this machine hold of a person. A record that waits there would bring back what was erased."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from engine.errors import SpoolError
from engine.records.spool_folder import REFUSED, folders, segments


def waiting(root: Path) -> int:
    """Segments below `root` with records in them, whoever's they are. Blocks."""
    return sum(segment.stat().st_size > 0 for folder in folders(root) for segment in segments(folder))


def names(root: Path, is_his: Callable[[str], bool]) -> bool:
    """Whether any record that waits below `root` is his. Blocks."""
    return any(is_his(line) for folder in folders(root) for segment in segments(folder) for line in _lines(segment))


def erase_refused(root: Path, is_his: Callable[[str], bool]) -> int:
    """Take the lines that are his out of what the database has refused; how many there were. Blocks. Raises
    `SpoolError`."""
    return sum(_erase_lines(folder / REFUSED, is_his) for folder in folders(root) if (folder / REFUSED).exists())


def _erase_lines(path: Path, is_his: Callable[[str], bool]) -> int:
    try:
        lines = path.read_text(errors="replace").splitlines(keepends=True)
        kept = [line for line in lines if not is_his(line)]
        if len(kept) < len(lines):
            new = path.with_name(path.name + ".new")
            new.write_text("".join(kept))
            new.chmod(0o600)
            new.replace(path)
    except OSError as error:
        raise SpoolError(f"{path}: {error.strerror}") from error
    return len(lines) - len(kept)


def _lines(segment: Path) -> Iterator[str]:
    """None if an engine has just brought it to its table."""
    with suppress(FileNotFoundError), segment.open(errors="replace") as file:
        yield from file
