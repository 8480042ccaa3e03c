"""The engine, Asterisk's manager and a caller: how a transfer goes, and how it fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from engine.call.events import TransferTried
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from engine.pbx.operators import Transferred
from ops.emulators.caller import SimulatedCaller
from tests.e2e.rig import Engine, ask, cut_in, running_engine
from tests.e2e.world import World
from tests.pbx.manager import SECRET, Manager, Member

pytestmark = pytest.mark.e2e

TEXTS = load("uk")
PHRASES = TEXTS.phrases
CHANNEL = "PJSIP/trunk-00000001"
TALKING = "callctl-bot,s,17"


@asynccontextmanager
async def beside_asterisk(world: World) -> AsyncIterator[tuple[Engine, Manager]]:
    manager = Manager(channels={CHANNEL: TALKING})
    async with trio.open_nursery() as nursery:
        await nursery.start(manager.run)
        ami = {"host": "127.0.0.1", "port": manager.port, "secret": SECRET, "timeout": 2.0}
        async with running_engine(world, ami=ami) as engine:
            yield engine, manager
        nursery.cancel_scope.cancel()


def tried(engine: Engine, caller: SimulatedCaller) -> list[Transferred]:
    return [event.outcome for event in engine.of(caller, TransferTried)]


async def test_a_caller_is_taken_when_the_announcement_was_heard(world: World) -> None:
    async with beside_asterisk(world) as (engine, manager), engine.call() as caller:
        heard: list[str] = []

        def taken(_: object) -> None:
            heard.append(caller.ears.words_after(caller.started_at))
            caller.hang_up()  # Asterisk leaves AudioSocket() before it answers

        manager.on["Redirect"] = taken
        await cut_in(caller, "З'єднайте мене з оператором щодо зимових шин")
        ended = await engine.ended(caller)
        assert (ended.outcome, ended.reason) == (Outcome.TRANSFERRED, "customer_request")
        assert tried(engine, caller) == [Transferred.REACHED_QUEUE]
        assert heard[0].endswith(PHRASES.transfer)
        assert manager.channels[CHANNEL].startswith("callctl-operator,")
        assert "зимових шин" in manager.variables["__CALLCTL_SUMMARY"]
        assert (await engine.next(caller.call_id))["next"] == "operator"


async def test_a_caller_whom_asterisk_cannot_take_goes_on_with_the_bot(world: World) -> None:
    async with beside_asterisk(world) as (engine, manager), engine.call() as caller:
        manager.dialplan.clear()
        await caller.wait_for_bot_turn()
        caller.digit("0")
        await engine.until(lambda: PHRASES.transfer_failed in engine.transcript(caller))
        world.set("anthropic", script=["Так, є."])
        assert await ask(caller, "А парковка у вас є?") == "Так, є."
        assert tried(engine, caller) == [Transferred.FAILED]
        assert manager.sent("Redirect") == []
        assert not caller.end_reason


async def test_a_caller_who_hangs_up_meanwhile_rings_nobody(world: World) -> None:
    async with beside_asterisk(world) as (engine, manager), engine.call() as caller:
        manager.deaf_to = {"Status"}
        await caller.wait_for_bot_turn()
        caller.digit("0")
        with trio.fail_after(20):
            while "Status" not in manager.names():  # noqa: ASYNC110 - asked over TCP
                await trio.sleep(0.02)
        caller.hang_up()
        ended = await engine.ended(caller)
        assert (ended.outcome, ended.reason) == (Outcome.CALLER_HUNG_UP, "eof")
        assert tried(engine, caller) == [Transferred.CALLER_GONE]
        assert manager.sent("Redirect") == []


async def test_a_manager_that_is_away_leaves_the_caller_to_the_dialplan(world: World) -> None:
    async with beside_asterisk(world) as (engine, manager), engine.call() as caller:
        manager.deaf_to = {"Status", "Ping"}
        await caller.wait_for_bot_turn()
        caller.digit("0")
        assert await caller.wait_ended() == "terminated"
        assert (await engine.ended(caller)).outcome is Outcome.TRANSFERRED
        assert tried(engine, caller) == [Transferred.LEFT_TO_DIALPLAN]
        assert (await engine.next(caller.call_id))["next"] == "operator"


async def test_an_empty_queue_is_not_promised(world: World) -> None:
    async with beside_asterisk(world) as (engine, manager), engine.call() as caller:
        manager.members = [Member(status=5)]
        await caller.wait_for_bot_turn()
        await trio.sleep(2)  # what the queue said at the beginning is believed for two seconds
        caller.digit("0")
        await engine.until(lambda: TEXTS.operators.nobody in engine.transcript(caller))
        assert tried(engine, caller) == []
        assert not caller.end_reason
