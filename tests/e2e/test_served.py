"""The engine as its operators see it: health, draining, and every metric it declares."""

import socket
from collections.abc import Mapping
from uuid import uuid4

import httpx
import pytest
import trio

from engine.dialogue.prompts import load
from engine.metrics import REGISTRY
from engine.wire.audiosocket import AudioSocketCodec, Role
from engine.wire.events import Connected
from ops.emulators.caller import place_call
from ops.emulators.caller_dialplan import announce, next_step
from tests.e2e.rig import PATIENCE, answer, ask, cut_in
from tests.e2e.served import Served, served
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

DRAINED = load("uk").phrases.drained
ASTERISK_TAKES = 0.2
"""Seconds from the end of AudioSocket() to the question, on a busy machine."""
OFTEN_ZERO = frozenset(
    {"callctl_ami_up", "callctl_breaker_open", "callctl_embeddings_mismatch", "callctl_records_oldest_seconds",
     "callctl_records_waiting", "callctl_registrations_expired", "callctl_spool_bytes", "callctl_spool_rows",
     "callctl_unready"}
)  # fmt: skip
"""Series that are right to be 0; that they are there at all shows that they are written."""

LOOK_UP = {"text": "Зараз скажу.", "tool_uses": [{"name": "search_knowledge_base", "arguments": {"query": "доставка"}}]}


async def test_every_metric_is_written(world: World) -> None:
    declared = {family.name for family in REGISTRY.collect()}
    nowhere = {"REDIS_URL": "unix:///nowhere/valkey.sock", "AMI_HOST": "127.0.0.1", "AMI_PORT": "1"}
    async with served(world, **nowhere, AUDIOSOCKET_STALL_TIMEOUT="1", HTTP_INTERNAL_SECRET="other") as engine:
        assert (await engine.web.get(f"/internal/calls/{uuid4()}/next")).status_code == 401
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connect_and_read_nothing, engine)
            during = await one_call(engine, world)
            await trio.sleep(1.0)
            nursery.cancel_scope.cancel()
        after = await engine.samples()
    written = {name for name in declared if during.get(name, 0) > 0 or after.get(name, 0) > 0}
    assert declared - written - OFTEN_ZERO == set()
    assert after.keys() >= OFTEN_ZERO


async def one_call(engine: Served, world: World) -> Mapping[str, float]:
    """With an interruption, tools, a failure and an invented price in it; the series while it lasts."""
    world.set("anthropic", script=["Є шини по 1 234 грн.", "Слухаю."], fail_next=1)
    async with place_call(*engine.audiosocket) as caller:
        await cut_in(caller, "Добрий день")
        assert await answer(caller) == "Слухаю."
        await ask(caller, "Які зимові шини 205/55 R16 у вас є?")
        during = await engine.samples()
        world.set("anthropic", script=[LOOK_UP, "Так, доставляємо."])
        await ask(caller, "А доставка у вас є?")
        caller.digit("0")
        await caller.wait_ended()
    return during


async def connect_and_read_nothing(engine: Served) -> None:
    """A peer that does not read: its frames are dropped."""
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        await trio.to_thread.run_sync(deaf.connect, engine.audiosocket)
        deaf.sendall(AudioSocketCodec(Role.CLIENT).send(Connected(uuid4())))
        await trio.sleep_forever()


async def test_draining_lets_the_call_end_and_takes_no_other(world: World) -> None:
    async with served(world) as engine:
        assert (await engine.web.get("/healthz")).status_code == 200
        assert (await engine.web.get("/readyz")).status_code == 200
        world.set("anthropic", script=["Слухаю.", "Так, є."])
        async with place_call(*engine.audiosocket) as caller:
            await cut_in(caller, "Добрий день")
            assert await answer(caller) == "Слухаю."
            engine.drain()
            readiness = await unready(engine)
            assert readiness.json()["reasons"] == ["draining"]
            assert (await engine.web.get("/healthz")).status_code == 200
            assert not await announce(engine.web, uuid4()), "a new call was taken"
            assert await ask(caller, "А парковка у вас є?") == "Так, є."
            await caller.say("Дякую, до побачення")
            assert await caller.wait_ended() == "terminated"
        with trio.fail_after(PATIENCE):
            assert await engine.process.wait() == 0
        with pytest.raises(httpx.ConnectError):
            await engine.web.get("/healthz")


async def test_the_dialplan_is_told_what_became_of_the_last_call(world: World) -> None:
    """It asks once it has let go of the media connection, when a drained engine has nothing left to wait for."""
    async with served(world) as engine:
        world.set("anthropic", script=["Гарного дня, до побачення!"])
        async with place_call(*engine.audiosocket) as caller:
            await caller.wait_for_bot_turn()
            engine.drain()
            await caller.say("Дякую, до побачення")
            assert await caller.wait_ended() == "terminated"
        await trio.sleep(ASTERISK_TAKES)
        assert (await next_step(engine.web, caller.call_id))[0] == "hangup"


async def unready(engine: Served) -> httpx.Response:
    with trio.fail_after(PATIENCE):
        while (readiness := await engine.web.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - asked over HTTP
            await trio.sleep(0.02)
    return readiness


async def test_who_is_left_when_the_drain_is_over_goes_to_an_operator(world: World) -> None:
    async with served(world, CALL_DRAIN_SECONDS="1") as engine:
        call_id = uuid4()
        async with place_call(*engine.audiosocket, call_id=call_id) as caller:
            await caller.wait_for_bot_turn()
            engine.drain()
            with trio.fail_after(PATIENCE):
                assert await caller.wait_ended() == "terminated"
            assert caller.ears.words_after(caller.started_at).endswith(DRAINED)
            next, summary = await next_step(engine.web, call_id)
            assert next == "operator"
            assert summary
