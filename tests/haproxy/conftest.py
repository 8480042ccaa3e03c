"""One world for all tests of this folder; HAProxy where it is installed."""

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.world import World, running_world


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    if shutil.which("haproxy") is None:
        pytest.skip("no HAProxy here; `nox -s asterisk` installs one")
    with running_world() as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.well()
    return shared_world
