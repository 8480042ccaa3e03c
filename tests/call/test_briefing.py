"""The operator hears what the call was about, and nothing else happens."""

from uuid import UUID

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from engine.call.briefing import shortened
from engine.call.call import run_call
from engine.call.states import Outcome
from tests.call.world import CALL, TEXTS, World, shop_floor

CALLER = UUID(int=0xABCD)
SUMMARY = "Шукає зимові шини на Октавію. Просить людину."


def announced(world: World, summary: str = SUMMARY) -> World:
    world.registry.finish(CALLER, "operator", "customer_request", summary)
    assert world.registry.register(CALL, briefing_of=CALLER) == "accept"
    return world


async def test_the_summary_is_spoken_and_the_line_closed(autojump_clock: MockClock) -> None:
    async with shop_floor() as make:
        world = announced(make(CALL))
        world.began_at = trio.current_time()
        ending = await run_call(world.line, world.services)
        assert ending.outcome is Outcome.COMPLETED
        [heard] = world.line.heard()
        assert heard.complete
        assert SUMMARY in heard.text
        world.check_frames()
        assert world.events == []
        assert world.model.requests == []
        assert world.registry.next(CALL).next == "hangup"
        assert world.registry.next(CALLER).next == "operator"


async def test_an_operator_who_hangs_up_ends_it(autojump_clock: MockClock) -> None:
    async with shop_floor() as make:
        world = announced(make(CALL))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_call, world.line, world.services)
            await world.until_heard("Шукає", frames=20)
            world.hang_up()
            with trio.fail_after(0.5):
                await world.line.ended.wait()


@pytest.mark.parametrize("trouble", ["fails", "mute", "stalls"])
async def test_a_voice_that_fails_costs_the_operator_no_call(trouble: str, autojump_clock: MockClock) -> None:
    async with shop_floor() as make:
        world = announced(make(CALL))
        world.voice.trouble = lambda text: trouble
        with trio.fail_after(25):
            ending = await run_call(world.line, world.services)
        assert ending.outcome is Outcome.COMPLETED
        assert world.line.heard() == []


async def test_without_a_summary_not_a_word_is_said(autojump_clock: MockClock) -> None:
    async with shop_floor() as make:
        world = announced(make(CALL), "")
        await run_call(world.line, world.services)
        assert world.line.heard() == []


def test_what_is_spoken_ends_with_a_sentence() -> None:
    assert shortened(SUMMARY) == SUMMARY
    assert shortened(f"{SUMMARY} {'слово ' * 60}") == SUMMARY


@given(st.text())
def test_it_is_short_whatever_it_was(summary: str) -> None:
    assert len(shortened(summary)) <= 240


def test_the_words_are_made_of_the_summary() -> None:
    assert TEXTS.operators.briefing.format(summary=SUMMARY).endswith(SUMMARY)
