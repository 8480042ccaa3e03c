"""One server for all tests of the knowledge base that want a database."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.embedded.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def shop_server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            yield server
