"""Who may call, and what is left when a call is over: a verdict, an empty session, no memory."""

import gc
import weakref
from typing import Any

import trio
from trio.testing import MockClock

from engine.call.call import run_call
from engine.call.events import BotSaid, CallEnded
from engine.call.session import SessionStore
from engine.call.states import Outcome
from engine.dialogue.llm import ToolUse
from tests.call.line import VoiceByFrame
from tests.call.world import CALL, MemoryCache, call_in, calling, shop_floor
from tests.dialogue.tool_shop import SIZE


async def test_a_call_nobody_announced_is_refused_where_that_is_wished(autojump_clock: MockClock) -> None:
    async with shop_floor(call={"accept_unregistered": False}) as make:
        world = make(CALL)
        ending = await run_call(world.line, world.services)
        assert ending.outcome is Outcome.REFUSED
        assert world.line.closed_for == "refused"
        assert world.events == []
        announced = make(CALL)
        assert world.registry.register(CALL, caller="+380671234567") == "accept"
        async with call_in(announced):
            await announced.until_listening()
            second = await run_call(world.line, world.services)
            assert second.outcome is Outcome.REFUSED, "one connection a call"
        announced.check_end()


async def test_the_session_is_kept_while_the_call_lasts(autojump_clock: MockClock) -> None:
    cache = MemoryCache()
    async with calling(cache=cache) as world:
        await trio.sleep(0.1)
        key = f"call_session:{CALL}"
        document, ttl = cache.kept[key]
        assert (document["state"], ttl) == ("greeting", 1800)
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(0.05)
        assert cache.kept[key][0]["state"] == "thinking"
        assert cache.kept[key][0]["history"]["turns"][1] == {"user": "зимові шини"}
        await world.until_heard("Гаразд", frames=5)
        await world.until_listening()
        await trio.sleep(0.05)
        assert cache.kept[key][0]["history"]["turns"][2] == {"bot": ["Гаразд."]}
        assert await world.sessions.load(CALL) == cache.kept[key][0]
    assert cache.kept == {}
    assert await SessionStore(cache, 1800).load(CALL) is None
    assert await world.sessions.load(CALL) is None


async def test_a_slow_write_does_not_outlive_the_session(autojump_clock: MockClock) -> None:
    cache = MemoryCache()
    cache.delay = 0.5
    async with calling(cache=cache) as world:
        await world.until_listening()
        await trio.sleep(0.1)
        world.hang_up()
        await world.until_ended(1)
        await trio.sleep(2)
    assert cache.written
    assert cache.kept == {}


async def test_a_call_cut_short_from_outside_is_told_and_left_to_an_operator(autojump_clock: MockClock) -> None:
    async with shop_floor() as make:
        world = make(CALL)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.phone.run)
            nursery.start_soon(run_call, world.line, world.services)
            await world.until_heard("Це магазин", frames=60)
            nursery.cancel_scope.cancel()
        world.hang_up()
        assert world.told(CallEnded)[0].outcome is Outcome.FAILED_OVER
        assert world.told(CallEnded)[0].reason == "cut_short"
        assert world.told(BotSaid)[0].heard_ms == 1200
        assert world.registry.next(CALL).next == "operator"


async def test_a_call_leaves_nothing_for_the_collector(autojump_clock: MockClock) -> None:
    """Its memory is free when it ends, or a collector would have to stop the engine to find it."""
    parts: list[weakref.ref[Any]] = []

    def make_vad() -> VoiceByFrame:
        vad = VoiceByFrame()
        parts.append(weakref.ref(vad))
        return vad

    async with shop_floor() as make:
        gc.collect()
        gc.disable()
        try:
            for number in range(3):
                world = make(CALL.__class__(int=number))
                make_tools = world.services.make_tools

                def noted(*asked: Any, make_tools: Any = make_tools) -> Any:
                    tools = make_tools(*asked)
                    parts.append(weakref.ref(tools))
                    return tools

                async with call_in(world, make_vad=make_vad, make_tools=noted):
                    world.model.will_answer([ToolUse("t1", "search_tires", SIZE)], "Дуже довге речення про шини.")
                    await world.until_listening()
                    await world.say("зимові шини")
                    await world.until_heard("Дуже", frames=20)
                    await world.say("а літні")
                    await world.until_heard("Гаразд", frames=5)
                    await world.until_listening()
                world.check_end()
                world.line._sink = None  # the transport's own end
                del world
            await trio.testing.wait_all_tasks_blocked()
            alive = [ref() for ref in parts if ref() is not None]
            assert alive == []
        finally:
            gc.enable()
