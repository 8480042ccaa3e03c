"""What an engine is called in the records: by this name it finds, on its next start, what it left open when it died.

Several processes may be on one host and port (`callctl serve --workers`), and one that starts may not close the calls
of those that live. So a name is held while it is used, by the flock of a file beside the spools: the first process is
`host:port`, the next one at the same time `host:port#2`. The kernel lets go of a name however its holder dies, and who
starts next takes the first that is free, and with it what its last holder has left.
"""

import fcntl
import re
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final

from engine.errors import SpoolError

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@contextmanager
def held_name(root: Path, wanted: str) -> Generator[str]:
    """`wanted`, or that with a number if other processes of this machine and database have it. Raises `SpoolError`."""
    try:
        lock, number = _first_free(root / "names", _UNSAFE.sub("_", wanted))
    except OSError as error:
        raise SpoolError(f"RECORDS_SPOOL_DIRECTORY: {root}: {error.strerror}") from error
    with lock:
        yield wanted if number == 1 else f"{wanted}#{number}"


def _first_free(folder: Path, stem: str) -> tuple[IO[bytes], int]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in count(1):
        lock = (folder / f"{stem}.{number}").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return lock, number
    raise AssertionError("numbers do not end")
