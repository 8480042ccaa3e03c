"""The synthesiser fails in mid-call: what is in the phrase cache still sounds, and an operator follows."""

from uuid import uuid4

import pytest

from engine.call.events import BotSaid
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from ops.emulators.caller import place_call
from ops.emulators.caller_dialplan import announce
from tests.e2e.rig import answer, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

PHRASES = load("uk").phrases


@pytest.mark.parametrize("fault", [{"fail_next": 100}, {"stall_after": 0}])
async def test_a_cached_phrase_is_heard_and_an_operator_follows(world: World, fault: dict[str, int]) -> None:
    async with running_engine(world, google={"timeout": 1.5}) as engine, engine.call() as caller:
        world.set("anthropic", script=["Слухаю.", "Парковка є, заїзд з вулиці Садової."])
        await cut_in(caller, "Добрий день")
        assert await answer(caller) == "Слухаю."
        world.set("tts", **fault)
        asked_at = await caller.say("А парковка у вас є?")
        await caller.wait_ended()

        ended = await engine.ended(caller)
        assert engine.of(caller, BotSaid)[-1].text == PHRASES.tts_fallback
        assert PHRASES.tts_fallback.split(". ")[0] in caller.ears.words_after(asked_at)
        assert "Парковка" not in " ".join(engine.transcript(caller)[-1:]), "on record, but never heard"
        assert (ended.outcome, caller.end_reason) == (Outcome.FAILED_OVER, "terminated")
        assert engine.failures(caller) == ["synthesizer"]
        assert (await engine.next(caller.call_id))["next"] == "operator"
        assert caller.ears.statistics().checksum_errors == 0


async def test_a_voice_that_is_away_from_the_start_still_lets_the_engine_start(world: World) -> None:
    """Announced callers go to the operators; who comes all the same is handed over."""
    world.set("tts", fail_next=1000)
    async with running_engine(world) as engine:
        assert not await announce(engine.web, uuid4())
        async with place_call(*engine.listening.audiosocket) as caller:
            await caller.wait_ended()
            assert (await engine.ended(caller)).outcome is Outcome.FAILED_OVER
            assert (await engine.next(caller.call_id))["next"] == "operator"
