"""Servers that are gone with the test or the measurement."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.embedded.postgres import EmbeddedPostgres


@contextmanager
def temporary_postgres() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, started and empty."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)  # the server runs under another account
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            yield server
