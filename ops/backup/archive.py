"""A folder of back-ups. Each is three files of one name: the dump, its SHA-256 (`sha256sum -c` reads it), and a
manifest of what is in it. The dump gets its name last: where it is, the others are, and it is whole."""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from engine.config import BackupConfig, state_folder
from ops.backup.errors import BackupError

_NAME: Final = "callctl-%Y%m%dT%H%M%SZ"
_DUMP, _SUM, _MANIFEST, _PART = ".dump", ".dump.sha256", ".json", ".part"
_UNFINISHED: Final = re.compile(r"(callctl-\d{8}T\d{6}Z)(\.dump\.part|\.dump\.sha256|\.json)")
"""What a back-up that was killed leaves, by its whole name: the folder may hold other people's files."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a back-up. `rows`: schema.table -> count, of the very moment that the dump is of."""

    created: datetime
    server_version: str
    migrations: tuple[str, ...]
    rows: Mapping[str, int]

    def as_data(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self) | {"created": self.created.isoformat()}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError`."""
        data = json.loads(text)
        rows = {table: int(count) for table, count in data["rows"].items()}
        created = datetime.fromisoformat(data["created"]).astimezone(UTC)
        return cls(created, data["server_version"], tuple(data["migrations"]), rows)


@dataclass(frozen=True, slots=True)
class Backup:
    """One that is whole, as far as its files' names say. `bytes`: of the dump."""

    name: str
    dump: Path
    bytes: int
    manifest: Manifest

    @property
    def told(self) -> str:
        """In a line."""
        rows = sum(self.manifest.rows.values())
        return f"{self.dump} ({self.bytes / 1e6:.1f} MB, {rows} rows in {len(self.manifest.rows)} tables)"

    def check(self) -> None:
        """Raises `BackupError` if the dump is not, byte for byte, what was written. Blocks: reads all of it."""
        promised = _read(self.dump.with_name(self.name + _SUM)).split()[:1]
        if [checksum(self.dump)] != promised:
            raise BackupError(f"{self.dump}: altered or cut short, its checksum is not that of {self.name}{_SUM}; "
                              "use another: callctl backup list")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """A dump that nothing can be said of: `why`. Whoever put it there decides what becomes of it; `bytes`: of it."""

    name: str
    dump: Path
    bytes: int
    why: str


class Archive:
    """The folder. Every method blocks and raises `BackupError`."""

    def __init__(self, config: BackupConfig) -> None:
        self.folder = config.directory or state_folder() / "backups"

    def backups(self) -> list[Backup]:
        """Those that are whole, the newest first."""
        found = [each for each in self._all() if isinstance(each, Backup)]
        return sorted(found, key=lambda backup: backup.manifest.created, reverse=True)

    def broken(self) -> list[Broken]:
        """The dumps that are no back-up, by name."""
        return sorted((each for each in self._all() if isinstance(each, Broken)), key=lambda each: each.name)

    def get(self, name: str | None) -> Backup:
        """The one of that name, the newest for None."""
        if name is None:
            if newest := self.backups()[:1]:
                return newest[0]
            raise BackupError(f"there is no back-up in {self.folder}: callctl backup create")
        dump = self.folder / (name.removesuffix(_DUMP) + _DUMP)
        if dump not in self._dumps():
            raise BackupError(f"there is no back-up {name!r} in {self.folder}: callctl backup list")
        return self._open(dump)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep others from writing here; clear away what a back-up that was killed has left."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("wb")
        except OSError as error:
            raise BackupError(f"BACKUP_DIRECTORY: cannot write to {self.folder}: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError(f"another back-up is being written to {self.folder}") from None
            self._clear()
            yield

    def begin(self, created: datetime) -> Path:
        """An empty file to dump to, for our eyes only."""
        part = self.folder / (created.astimezone(UTC).strftime(_NAME) + _DUMP + _PART)
        part.touch(mode=0o600)
        return part

    def finish(self, part: Path, manifest: Manifest) -> Backup:
        """Give it its name and what belongs to it."""
        dump = part.with_name(part.name.removesuffix(_PART))
        name = dump.name.removesuffix(_DUMP)
        self._write(name + _SUM, f"{checksum(part)}  {dump.name}\n")
        self._write(name + _MANIFEST, json.dumps(manifest.as_data(), indent=2) + "\n")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(dump)
        _sync_folder(self.folder)
        return self._open(dump)

    def remove(self, backup: Backup) -> None:
        for ending in (_DUMP, _SUM, _MANIFEST):
            (self.folder / (backup.name + ending)).unlink(missing_ok=True)

    def _dumps(self) -> list[Path]:
        return [path for path in self.folder.glob(f"callctl-*{_DUMP}") if path.is_file()]

    def _all(self) -> Iterator[Backup | Broken]:
        for dump in self._dumps():
            try:
                yield self._open(dump)
            except BackupError as error:
                yield Broken(dump.name.removesuffix(_DUMP), dump, dump.stat().st_size, str(error))

    def _open(self, dump: Path) -> Backup:
        name = dump.name.removesuffix(_DUMP)
        path = dump.with_name(name + _MANIFEST)
        try:
            return Backup(name, dump, dump.stat().st_size, Manifest.from_json(_read(path)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupError(f"{path}: this is no manifest of a back-up") from None

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        with path.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    def _clear(self) -> None:
        whole = {path.name.removesuffix(_DUMP) for path in self._dumps()}
        for path in self.folder.iterdir():
            ours = _UNFINISHED.fullmatch(path.name)
            if ours is not None and path.is_file() and (path.name.endswith(_PART) or ours[1] not in whole):
                path.unlink()


def checksum(path: Path) -> str:
    """SHA-256, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    """A new name is safe once its folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems cannot
        os.fsync(descriptor)
    os.close(descriptor)
