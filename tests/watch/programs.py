"""Where the programs of Prometheus are: on the path, or where `setup.sh` has put them."""

import os
import shutil
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("CALLCTL_WATCH_ROOT", "/var/tmp/callctl-watch")) / "usr/bin"


def program(*names: str) -> str:
    """The first there is of these names of one program; the test is skipped where there is none."""
    for name in names:
        if found := shutil.which(name, path=f"{os.environ['PATH']}:{_ROOT}"):
            return found
    pytest.skip(f"there is no {names[0]}: nox -s watch installs it")
