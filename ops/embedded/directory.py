"""A folder that one server of one callctl has to itself.

The lock is an flock on a file in it: the kernel releases it however its holder dies. A second callctl on the same
machine finds it taken and gets a temporary folder instead, so that a demo beside a running engine just works.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ops.embedded.account import Account
from ops.embedded.errors import EmbeddedServerError

_LONGEST_SOCKET_FOLDER: Final = 85
"""sun_path holds 108 bytes, and the socket's own name needs its share (unix(7))."""


class ClaimedDirectory:
    """A folder, owned by `account`, that no other callctl uses until `release`. `path` may be a temporary one."""

    def __init__(self, wanted: Path, account: Account) -> None:
        self.path = wanted
        self._account = account
        self._temporary = False
        self._socket_folder: Path | None = None
        self._lock: IO[bytes] | None = None

    def claim(self) -> Path:
        """Make and lock the folder; the one wanted, or a temporary one if that is in use.
        Raises `EmbeddedServerError` if the server could not enter it."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not self._account.may_enter(self.path.parent.resolve()):
            raise EmbeddedServerError(f"{self._account.name}, who runs the server, may not enter {self.path.parent}")
        if not self._locked():
            self.path = Path(tempfile.mkdtemp(prefix="callctl-"))
            self._temporary = True
            self._locked()
        self.path.chmod(0o700)
        self._account.give(self.path)
        return self.path

    def socket_folder(self) -> Path:
        """Where a Unix socket may lie: the folder itself unless its name is too long for that."""
        if len(os.fsencode(self.path)) <= _LONGEST_SOCKET_FOLDER:
            return self.path
        if self._socket_folder is None:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="callctl-"))
            self._account.give(self._socket_folder)
        return self._socket_folder

    def release(self) -> None:
        """Unlock; temporary folders go."""
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None
        if self._temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.claim()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _locked(self) -> bool:
        lock = (self.path / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True
