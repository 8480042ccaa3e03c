"""Which build this is."""

import os
from importlib.metadata import version as installed_version
from pathlib import Path
from platform import python_version
from typing import Final

_SOURCE: Final = Path(__file__).parents[1]
_SHORT: Final = 12


def version() -> str:
    """Of the distribution, as installed."""
    return installed_version("callctl")


def python() -> str:
    """Of the interpreter."""
    return python_version()


def commit() -> str:
    """Shortened; what an image was built from (CALLCTL_COMMIT), or the checkout this runs in; empty where unknown."""
    return (os.environ.get("CALLCTL_COMMIT") or checked_out(_SOURCE / ".git"))[:_SHORT]


def checked_out(git: Path) -> str:
    """The commit of a `.git` folder; empty if it is none or names none."""
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head
    name = head.removeprefix("ref: ")
    packed = (line.split() for line in _text(git / "packed-refs").splitlines() if line.endswith(f" {name}"))
    return _text(git / name) or next((words[0] for words in packed), "")


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
