"""What `/metrics` says of the engine as a whole follows what it is of."""

from collections.abc import Callable

import trio

from engine.config import Config
from engine.database import Database
from engine.metrics import REGISTRY
from engine.pbx.registry import CallRegistry
from engine.web.health import Readiness
from engine.web.vitals import show_vitals
from ops.embedded.postgres import EmbeddedPostgres
from tests.cli.running import free_ports
from tests.database.fresh import fresh_database

PATIENCE = 20.0


def value(metric: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(metric, labels)


async def until(holds: Callable[[], bool]) -> None:
    with trio.fail_after(PATIENCE):
        while not holds():  # noqa: ASYNC110 - a metric is no event
            await trio.sleep(0.05)


async def test_readiness_and_its_reasons(nursery: trio.Nursery) -> None:
    readiness = Readiness(CallRegistry(1, lambda: 0.0))
    nursery.start_soon(show_vitals, Config.from_env({"call": {"max_calls": 7}}), readiness, None)
    await until(lambda: value("callctl_calls_limit") == 7)
    await until(lambda: value("callctl_unready", reason="warming_up") == 1)
    assert value("callctl_ready") == 0
    readiness.warmed_up = True
    await until(lambda: value("callctl_ready") == 1)
    assert value("callctl_unready", reason="warming_up") == 0
    readiness.registry.drain()
    await until(lambda: value("callctl_unready", reason="draining") == 1)
    nursery.cancel_scope.cancel()


async def test_the_database_answers_and_has_no_vectors(server: EmbeddedPostgres, nursery: trio.Nursery) -> None:
    readiness = Readiness(CallRegistry(1, lambda: 0.0))
    async with fresh_database(server) as database:
        nursery.start_soon(show_vitals, Config.from_env({}), readiness, database)
        await until(lambda: value("callctl_database_up") == 1)
        assert value("callctl_embeddings_mismatch") == 1
        nursery.cancel_scope.cancel()


async def test_the_database_is_away(nursery: trio.Nursery) -> None:
    [port] = free_ports(1)
    config = Config.from_env({"database": {"url": f"postgresql://127.0.0.1:{port}/x"}})
    async with Database(config.database) as database:
        nursery.start_soon(show_vitals, config, Readiness(CallRegistry(1, lambda: 0.0)), database)
        await until(lambda: value("callctl_database_up") == 0)
        nursery.cancel_scope.cancel()
