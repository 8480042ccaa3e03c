"""What lies in the spools of this machine, for people. Blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.records.spool_folder import REFUSED, SpoolFolder, folders, opened_at, roots, segments


@dataclass(frozen=True, slots=True)
class SpoolListing:
    """One engine's. `oldest_at`: seconds of the epoch, None when nothing waits; `refused`: rows no table takes."""

    database: str
    path: Path
    in_use: bool
    segments: int
    rows: int
    bytes: int
    oldest_at: float | None
    refused: int


def listed(home: Path) -> list[SpoolListing]:
    """Of all databases. Empty where there is no spool."""
    return [_listing(path) for root in roots(home) for path in folders(root)]


def left_behind(root: Path) -> Iterator[SpoolFolder]:
    """Those of engines that are gone, with something in them: each is ours until released."""
    for path in folders(root):
        if (folder := SpoolFolder.hold(path)) is None:
            continue
        if segments(path):
            yield folder
        else:
            folder.release()


def _listing(path: Path) -> SpoolListing:
    waiting = [(segment, _content(segment)) for segment in segments(path)]
    return SpoolListing(
        path.parent.name, path, _in_use(path), len(waiting), sum(content.count(b"\n") for _, content in waiting),
        sum(len(content) for _, content in waiting), opened_at(waiting[0][0]) if waiting else None,
        _content(path / REFUSED).count(b"\n"),
    )  # fmt: skip


def _in_use(path: Path) -> bool:
    folder = SpoolFolder.hold(path)
    if folder is not None:
        folder.release()
    return folder is None


def _content(path: Path) -> bytes:
    """Empty if an engine has just brought it to its table."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
