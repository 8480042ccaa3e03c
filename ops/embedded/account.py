"""Under whom the embedded servers run and where their files may lie.

PostgreSQL refuses to run as root. Started by root, the servers therefore run as the first unprivileged account of
`_ACCOUNTS` that exists, in /var/lib/callctl: an account of its own cannot enter root's home. Binaries it cannot
reach either (a virtual environment below /root) are copied beside the data, once per version. No permission of any
folder that is not ours is ever changed.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.embedded.errors import EmbeddedServerError

_ACCOUNTS: Final = ("callctl", "postgres", "nobody")
_OTHERS_MAY_ENTER: Final = 0o001


@dataclass(frozen=True)
class Account:
    """Who runs a server. `switch` is false when that is the present user."""

    name: str
    uid: int
    gid: int
    switch: bool

    def may_enter(self, folder: Path) -> bool:
        """Whether every step down to `folder`, and `folder`, lets this account in."""
        return not self.switch or all(step.stat().st_mode & _OTHERS_MAY_ENTER for step in (folder, *folder.parents))

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or folder of ours."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def user_name() -> str:
    """The account this process runs as."""
    return pwd.getpwuid(os.geteuid()).pw_name


def server_account() -> Account:
    """The present user or, for root, an unprivileged account."""
    if os.geteuid() != 0:
        return Account(user_name(), os.geteuid(), os.getegid(), switch=False)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise EmbeddedServerError(f"root needs one of the accounts {', '.join(_ACCOUNTS)} to run PostgreSQL under")


def reachable(folder: Path, account: Account, copies: Path, *, name: str) -> Path:
    """`folder` if `account` may read it, else a copy of it at `copies`/`name`, made now if it is not there."""
    if account.may_enter(folder):
        return folder
    copy = copies / name
    if not copy.exists():
        unfinished = copies / f"{name}.{os.getpid()}"
        shutil.copytree(folder, unfinished, symlinks=True)
        try:
            unfinished.rename(copy)
        except OSError:  # another callctl was faster
            shutil.rmtree(unfinished)
    return copy
