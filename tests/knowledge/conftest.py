"""One server for all tests of the knowledge base that want a database."""

from collections.abc import Iterator

import pytest

from ops.embedded.postgres import EmbeddedPostgres
from tests.temporary import temporary_postgres


@pytest.fixture(scope="module")
def shop_server() -> Iterator[EmbeddedPostgres]:
    with temporary_postgres() as server:
        yield server
