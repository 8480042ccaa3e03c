"""What tests of many folders need."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from tests.temporary import temporary_postgres


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole calls first: they last long and leave the processor to others; what is short evens out the end."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, empty, for the tests of one module."""
    with temporary_postgres() as server:
        yield server


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command run in this process turns logging down for itself: not for the tests that come after."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def valkey() -> Iterator[EmbeddedValkey]:
    """A real Valkey, empty, for the tests of one module."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedValkey(Path(name) / "valkey") as server:
            yield server
