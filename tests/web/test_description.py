"""The API does what its description says, whatever is sent: schemathesis against the real application on a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event, Thread
from typing import Any

import pytest
import schemathesis
import trio
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from engine.access import keys
from engine.access.identity import Role
from engine.config import Config, DatabaseConfig, HttpConfig
from engine.database import Database, migrate
from engine.knowledge.search import open_search
from engine.web.api import PREFIX, Backend, create_api, describe
from engine.web.app import create_metrics_app
from engine.web.auth import Guard
from engine.web.serve import WebPorts, serve_web
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.web.filling import put_call
from tests.web.world import make_site

EXAMPLES = 15
"""Of each operation."""


class Served:
    """The application on a loop of its own: schemathesis asks from a thread that blocks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ready = Event()
        self._token: trio.lowlevel.TrioToken
        self._scope = trio.CancelScope()
        self.base = ""
        self.key = ""

    @contextmanager
    def running(self) -> Iterator["Served"]:
        thread = Thread(target=trio.run, args=[self._main])
        thread.start()
        assert self._ready.wait(30)
        try:
            yield self
        finally:
            self._token.run_sync_soon(self._scope.cancel)
            thread.join()

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        config = Config.from_env({"database": {"url": self._url}})
        with self._scope:
            async with (
                Database(DatabaseConfig(url=SecretStr(self._url))) as database,
                open_search(database, None, date.today) as knowledge,
                trio.open_nursery() as nursery,
            ):
                await database.wait_available(10)
                await migrate(database, MIGRATIONS)
                await put_call(database, "Добрий день")
                self.key = await keys.issue(database, "schemathesis", Role.ADMIN, None)
                site = make_site(database, config)
                site.backend.knowledge = knowledge
                http = HttpConfig(port=0, metrics_port=0)
                ports: WebPorts = await nursery.start(serve_web, http, site.app, create_metrics_app())
                self.base = f"http://127.0.0.1:{ports.http}"
                self._ready.set()
                await trio.sleep_forever()


@pytest.fixture(scope="module")
def served(server: EmbeddedPostgres) -> Iterator[Served]:
    with Served(server.url).running() as served:
        yield served


DESCRIPTION = describe(create_api(Backend(Config.from_env(), Guard(HttpConfig(), None))))
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
FOUND = [result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)]
OPERATIONS = {operation.label: operation for operation in FOUND}


@pytest.mark.parametrize("label", OPERATIONS)
def test_each_operation_answers_as_described(served: Served, label: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=OPERATIONS[label].as_strategy())
    def check(case: Any) -> None:
        case.call_and_validate(
            base_url=f"{served.base}{PREFIX}", headers={"Authorization": f"Bearer {served.key}"},
            excluded_checks=[positive_data_acceptance],
        )  # fmt: skip

    check()
