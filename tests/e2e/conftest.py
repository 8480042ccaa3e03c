"""One world for all tests of this folder, well again before each."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import World, running_world


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> World:
    """All emulators healthy and quick. Set faults with `world.set`."""
    shared_world.well()
    return shared_world
