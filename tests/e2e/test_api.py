"""The API of an engine that answers calls: what goes on is seen, ended and on record, whichever engine is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest
import trio
from pydantic import SecretStr

from engine.access import keys
from engine.access.identity import Role
from engine.call.states import State
from engine.config import DatabaseConfig
from engine.database import Database
from tests.e2e.rig import CUSTOMER, PATIENCE, Engine, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

PROMPT = {"name": "brief", "text": "Ти — Богдан, продавець шин. Відповідай одним реченням."}


@asynccontextmanager
async def database_of(world: World) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(world.database_url))) as database:
        assert await database.wait_available(10)
        yield database


async def key_of(world: World, role: Role) -> dict[str, str]:
    async with database_of(world) as database:
        return {"Authorization": f"Bearer {await keys.issue(database, 'test', role, None)}"}


def api(engine: Engine, headers: dict[str, str]) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.listening.http_port}/api/v1", headers=headers)


async def live(client: httpx.AsyncClient, call_id: UUID) -> dict[str, object]:
    """What is seen of a call, once it is."""
    with trio.fail_after(PATIENCE):
        while True:
            calls = (await client.get("/live")).raise_for_status().json()["calls"]
            if found := [call for call in calls if call["id"] == str(call_id)]:
                seen: dict[str, object] = found[0]
                return seen
            await trio.sleep(0.1)


async def test_a_call_is_seen_and_ended_by_whichever_engine_is_asked(world: World) -> None:
    headers = await key_of(world, Role.SUPERVISOR)
    async with running_engine(world) as one, running_engine(world) as other:
        for asked in (one, other):
            async with api(asked, headers) as client, one.call() as caller:
                await cut_in(caller, "Добрий день")
                seen = await live(client, caller.call_id)
                assert seen["state"] in set(State)
                assert seen["caller"] == CUSTOMER
                assert (await client.delete(f"/live/{caller.call_id}")).status_code == 202
                await caller.wait_ended()
                ended = await one.ended(caller)
                assert (ended.outcome, ended.reason) == ("completed", "hung_up_by_the_shop")
                assert (await one.next(caller.call_id))["next"] == "hangup"
                with trio.fail_after(PATIENCE):
                    while (await client.delete(f"/live/{caller.call_id}")).status_code != 404:  # noqa: ASYNC110 - HTTP
                        await trio.sleep(0.1)


async def test_calls_are_held_under_the_active_instructions(world: World) -> None:
    headers = await key_of(world, Role.SUPERVISOR)
    async with running_engine(world) as engine, api(engine, headers) as client:
        version = (await client.post("/prompts", json=PROMPT)).raise_for_status().json()["id"]
        try:
            await share(client, {version: 1.0})
            held = await held_under(engine, client)
            assert held == version
        finally:
            await share(client, {})
        assert await held_under(engine, client) != version


async def share(client: httpx.AsyncClient, shares: dict[str, float]) -> None:
    """And wait until the engine has seen it."""
    tag = (await client.get("/prompts/active")).headers["etag"]
    done = await client.put("/prompts/active", json={"shares": shares}, headers={"If-Match": tag})
    done.raise_for_status()
    await trio.sleep(6)


async def held_under(engine: Engine, client: httpx.AsyncClient) -> str:
    """The instructions of a call held now, from its record."""
    async with engine.call() as caller:
        await ask(caller, "Дякую, до побачення")
        await caller.wait_ended()
    await engine.ended(caller)
    with trio.fail_after(PATIENCE):
        while (answer := await client.get(f"/calls/{caller.call_id}")).status_code != 200:  # noqa: ASYNC110 - HTTP
            await trio.sleep(0.1)
    version: str = answer.json()["prompt_version"]
    return version


async def test_the_first_administrator_is_let_in_by_a_link(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    async with database_of(world) as database:
        await database.execute("TRUNCATE users CASCADE")
    async with running_engine(world) as engine:
        told = ""
        with trio.fail_after(PATIENCE):
            while "token=" not in told:
                told += capfd.readouterr().err
                await trio.sleep(0.1)
        [line] = [line for line in told.splitlines() if "/console/first?token=" in line]
        assert f":{engine.listening.http_port}/" in line
        given = {"token": line.partition("token=")[2].strip(), "password": "правильний кінь батарея"}
        async with api(engine, {}) as client:
            assert (await client.post("/password", json=given)).json()["name"] == "admin"
            assert (await client.get("/audit")).status_code == 200
            assert (await client.post("/password", json=given)).status_code == 401
