"""The images and the running project, made once."""

import time
from collections.abc import Iterator

import pytest

from tests.containers.compose import Compose, clone, docker, reachable


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Compose:
    """A fresh clone with its images built."""
    assert reachable(), "needs Docker with compose"
    compose = Compose(clone(tmp_path_factory.mktemp("clone")))
    began = time.monotonic()
    compose("build")
    print(f"\nbuilt in {time.monotonic() - began:.0f} s")
    return compose


@pytest.fixture(scope="session")
def up(built: Compose) -> Iterator[tuple[Compose, float]]:
    """Everything without a profile, and the seconds until it was healthy."""
    began = time.monotonic()
    try:
        started = built("up", "--detach", "--wait", "--no-build", check=False)
        seconds = time.monotonic() - began
        assert started.returncode == 0, f"{started.stderr}\n{built('logs', '--tail', '40').stdout}"
        print(f"\nhealthy after {seconds:.1f} s")
        yield built, seconds
    finally:
        built("--profile", "*", "down", "--volumes", "--timeout", "5")
        docker("image", "prune", "--force")
