"""The language model behind its breaker: what makes it ill, what well, and that an ill one is not asked."""

import pytest
import trio

from engine.breaker import CircuitBreaker
from engine.dialogue.guarded_model import GuardedModel
from engine.dialogue.llm import ModelRequest
from engine.errors import ModelError
from engine.metrics import BREAKER_OPEN
from tests.dialogue.moody_model import MoodyModel

FAILURES = 3


def breaker() -> CircuitBreaker:
    return CircuitBreaker(
        "moody", illness=(ModelError,), gauge=BREAKER_OPEN.labels("moody"), clock=trio.current_time, failures=FAILURES
    )


async def ask(model: GuardedModel) -> None:
    async with model.stream(ModelRequest("", ())) as events:
        async for _ in events:
            pass


@pytest.mark.parametrize(("trouble", "is_ill"), [("open", True), ("stall", True), ("unreadable", False), ("", False)])
async def test_what_makes_a_model_ill(trouble: str, is_ill: bool) -> None:
    guard, vendor = breaker(), MoodyModel()
    vendor.trouble = trouble
    for _ in range(FAILURES):
        try:
            await ask(GuardedModel(vendor, guard))
        except ModelError:
            assert trouble
    assert guard.is_open is is_ill
    if is_ill:
        with pytest.raises(ModelError, match="breaker is open"):
            await ask(GuardedModel(vendor, guard))
        assert vendor.asked == FAILURES


async def test_an_answer_given_up_half_way_says_nothing() -> None:
    guard, vendor = breaker(), MoodyModel()
    vendor.trouble = "open"
    for _ in range(FAILURES - 1):
        with pytest.raises(ModelError):
            await ask(GuardedModel(vendor, guard))
    vendor.trouble = ""
    async with GuardedModel(vendor, guard).stream(ModelRequest("", ())) as events:
        await anext(events)
    vendor.trouble = "open"
    with pytest.raises(ModelError):
        await ask(GuardedModel(vendor, guard))
    assert guard.is_open
