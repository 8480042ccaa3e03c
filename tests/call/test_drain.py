"""The engine stops, or somebody of the shop ends the call: the caller hears why, and is not lost."""

from uuid import UUID

from trio.testing import MockClock

from engine.call.states import Outcome
from engine.pbx.operators import Transferred, TransferResult
from tests.call.world import CALL, TEXTS, calling

ANNOUNCED = {"channel": "PJSIP/trunk-00000007"}
REACHED = TransferResult(Transferred.REACHED_QUEUE)
FAILED = TransferResult(Transferred.FAILED, "no such context")


async def test_who_is_left_after_the_drain_hears_it_and_is_handed_over(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers = REACHED
        world.model.will_answer(["Дуже довга відповідь про зимові шини. " * 4])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Дуже", frames=20)
        assert len(world.services.live) == 1
        world.services.live.hand_over()
        await world.until(lambda: world.desk.asked, 15)
        world.hang_up()
        ending = await world.until_ended(5)
        await world.services.live.wait_ended()
    assert (ending.outcome, ending.reason) == (Outcome.TRANSFERRED, "drained")
    assert world.heard_of(TEXTS.phrases.drained)[0].complete
    assert world.registry.next(CALL).next == "operator"


async def test_a_transfer_that_fails_in_the_drain_is_the_dialplans(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers = FAILED
        await world.until_listening()
        world.services.live.hand_over()
        ending = await world.until_ended(15)
    assert (ending.outcome, ending.reason) == (Outcome.TRANSFERRED, "drained")
    assert world.heard()[-1] == TEXTS.phrases.drained


async def test_a_call_that_comes_when_all_are_handed_over_is_told_at_once(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.services.live.hand_over()
        ending = await world.until_ended(15)
    assert ending.reason == "drained"


async def test_a_call_that_the_shop_hangs_up_ends_at_once(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        await world.until_heard("Це магазин", frames=20)
        assert not world.services.live.hang_up(UUID(int=1))
        assert list(world.services.live.ids) == [CALL]
        assert world.services.live.hang_up(CALL)
        ending = await world.until_ended(1)
    assert (ending.outcome, ending.reason) == (Outcome.COMPLETED, "hung_up_by_the_shop")
    assert world.registry.next(CALL).next == "hangup"
