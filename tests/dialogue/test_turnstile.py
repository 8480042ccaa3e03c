"""However many come at once, others run between any two of them."""

from itertools import pairwise

import trio

from engine.dialogue.turnstile import Turnstile

STEP, ROUND = "step", "round"


async def happened(turnstile: Turnstile | None) -> list[str]:
    """What ran in which order: twenty steps wanted at once, and somebody who wants to run in every round."""
    ran: list[str] = []

    async def step() -> None:
        if turnstile is not None:
            await turnstile.wait_turn()
        ran.append(STEP)

    async def rounds() -> None:
        while ran.count(STEP) < 20:
            ran.append(ROUND)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(rounds)
        for _ in range(20):
            nursery.start_soon(step)
    return ran


async def test_others_run_between_any_two() -> None:
    assert (STEP, STEP) not in pairwise(await happened(Turnstile()))


async def test_without_it_they_do_not() -> None:
    assert (STEP, STEP) in pairwise(await happened(None))


async def test_who_gives_up_lets_the_next_through() -> None:
    turnstile = Turnstile()
    with trio.move_on_after(0):
        await turnstile.wait_turn()
    with trio.fail_after(5):
        await turnstile.wait_turn()
