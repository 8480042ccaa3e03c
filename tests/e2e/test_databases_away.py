"""Redis and PostgreSQL are conveniences to a call: it goes on without them, and what is on record comes later."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
import redis
import trio

from engine.call.states import Outcome
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from ops.emulators.caller import SimulatedCaller
from tests.e2e.rig import PATIENCE, Engine, answer, ask, cut_in, running_engine
from tests.e2e.world import World, migrated, server_folder

pytestmark = pytest.mark.e2e


@pytest.fixture
def valkey() -> Iterator[EmbeddedValkey]:
    with ExitStack() as stack:
        yield stack.enter_context(EmbeddedValkey(server_folder(stack) / "valkey"))


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedPostgres(server_folder(stack) / "postgres"))
        migrated(server.url)
        yield server


async def goes_on_to_its_end(engine: Engine, caller: SimulatedCaller) -> None:
    assert await ask(caller, "А парковка у вас є?") == "Так, є."
    await caller.say("Дякую, до побачення")
    await caller.wait_ended()
    assert (await engine.ended(caller)).outcome is Outcome.COMPLETED
    assert engine.failures(caller) == []
    assert (await engine.next(caller.call_id))["next"] == "hangup"


async def greeted(caller: SimulatedCaller, world: World) -> None:
    world.set("anthropic", script=["Слухаю.", "Так, є."])
    await cut_in(caller, "Добрий день")
    assert await answer(caller) == "Слухаю."


async def session(url: str, caller: SimulatedCaller) -> tuple[bytes | None, int]:
    """The session's document and the seconds it has left."""

    def ask_redis() -> tuple[Any, Any]:
        with redis.Redis.from_url(url) as client:
            return client.get(f"call_session:{caller.call_id}"), client.ttl(f"call_session:{caller.call_id}")

    return await trio.to_thread.run_sync(ask_redis)


async def gone(url: str, caller: SimulatedCaller) -> bool:
    return (await session(url, caller))[0] is None


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Servers of others tell nothing by themselves: ask again and again."""
    with trio.fail_after(PATIENCE):
        while not await holds():  # noqa: ASYNC110 - see above
            await trio.sleep(0.1)


async def test_the_session_is_in_redis_while_the_call_lasts(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        await greeted(caller, world)
        document, seconds = await session(world.redis_url, caller)
        assert document is not None
        assert "Слухаю.".encode() in document
        assert 1700 < seconds <= 1800
        await goes_on_to_its_end(engine, caller)
        await until(lambda: gone(world.redis_url, caller))


async def test_redis_dies_in_mid_call(world: World, valkey: EmbeddedValkey) -> None:
    async with running_engine(world, redis={"url": valkey.url}) as engine, engine.call() as caller:
        await greeted(caller, world)
        assert (await session(valkey.url, caller))[0] is not None
        await trio.to_thread.run_sync(valkey.stop)
        await goes_on_to_its_end(engine, caller)


async def test_neither_redis_nor_postgresql_from_the_start(world: World) -> None:
    nowhere = {"redis": {"url": "unix:///nowhere/valkey.sock"}, "database": {"url": "postgresql://x@/x?host=/nowhere"}}
    async with running_engine(world, **nowhere) as engine, engine.call() as caller:
        await greeted(caller, world)
        await goes_on_to_its_end(engine, caller)


async def test_postgresql_dies_in_mid_call_and_comes_back_to_the_whole_record(
    world: World, postgres: EmbeddedPostgres
) -> None:
    async with running_engine(world, database={"url": postgres.url}) as engine:
        async with engine.call() as caller:
            await greeted(caller, world)
            await trio.to_thread.run_sync(postgres.stop)
            await goes_on_to_its_end(engine, caller)
        transcript = engine.transcript(caller)
        await trio.to_thread.run_sync(postgres.start)
        await until(lambda: trio.to_thread.run_sync(recorded, postgres.url, caller))
        assert recorded(postgres.url, caller) == transcript, "lost, doubled or out of order"


def recorded(url: str, caller: SimulatedCaller) -> list[str]:
    """The transcript on record, once the call's row is closed."""
    with psycopg.connect(url) as connection:
        ended = connection.execute("SELECT outcome FROM calls WHERE id = %s", [caller.call_id]).fetchone()
        if ended is None or ended[0] is None:
            return []
        turns = connection.execute(
            "SELECT CASE speaker WHEN 'caller' THEN '> ' ELSE '' END || text FROM call_turns WHERE call_id = %s"
            " ORDER BY n",
            [caller.call_id],
        )
        return [row[0] for row in turns]
