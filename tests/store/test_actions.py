"""Exactly-once: keys, replay, and a result that no interruption loses."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from trio.testing import MockClock

from engine.config import DatabaseConfig
from engine.database import Database
from engine.database.patience import Patience
from engine.errors import SpoolError, StoreError, StoreRejected
from engine.store.actions import Action, MemoryActionLog, Recorded, action_key, once
from engine.store.journal import JournaledActionLog

CALL = UUID(int=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PHONE = "+380501112233"
values = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda v: st.lists(v, max_size=3), max_leaves=4)


def action(tool: str = "confirm_order", *, at: datetime = NOON, phone: str = PHONE, **arguments: Any) -> Action:
    return Action(CALL, phone, tool, arguments, at)


class Store:
    def __init__(self, *, seconds: float = 0) -> None:
        self.keys: list[str] = []
        self.seconds = seconds

    async def perform(self, key: str) -> Mapping[str, Any]:
        self.keys.append(key)
        await trio.sleep(self.seconds)
        return {"n": len(self.keys)}


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_a_key_does_not_depend_on_the_order_of_arguments(arguments: dict[str, Any]) -> None:
    turned = dict(reversed(arguments.items()))
    key = action_key(CALL, "t", arguments)
    assert key == action_key(CALL, "t", turned)
    assert key == str(UUID(key))


@given(st.tuples(values, values))
def test_different_things_have_different_keys(pair: tuple[Any, Any]) -> None:
    one, other = ({"v": v} for v in pair)
    assert (action_key(CALL, "t", one) == action_key(CALL, "t", other)) == (one == other)
    assert action_key(CALL, "t", one) != action_key(CALL, "u", one)
    assert action_key(CALL, "t", one) != action_key(UUID(int=2), "t", one)


async def test_an_equal_repeat_gets_the_same_answer_and_asks_nobody() -> None:
    log, store = MemoryActionLog(), Store()
    first = await once(log, action(order="7"), store.perform)
    assert await once(log, action(order="7"), store.perform) == first
    assert await once(log, action(order="8"), store.perform) != first
    assert len(store.keys) == 2


async def test_an_interruption_does_not_lose_the_answer(autojump_clock: MockClock) -> None:
    log, store = MemoryActionLog(), Store(seconds=3)
    answers: list[Mapping[str, Any]] = []
    with trio.move_on_after(1):
        answers.append(await once(log, action(), store.perform))
    assert trio.current_time() == pytest.approx(3, abs=0.1)
    assert answers == [{"n": 1}]
    assert await log.answer(action().key) == {"n": 1}


async def test_an_interruption_before_it_began_does_nothing(autojump_clock: MockClock) -> None:
    log, store = MemoryActionLog(), Store()
    with trio.CancelScope() as scope:
        scope.cancel()
        await once(log, action(), store.perform)
    assert store.keys == []


async def test_the_intent_is_noted_before_the_request_and_a_lost_answer_keeps_its_key() -> None:
    log, store = MemoryActionLog(), Store()
    seen: list[str] = []

    async def breaks(key: str) -> Mapping[str, Any]:
        assert (recorded := log.get(key)) is not None
        assert recorded.is_open
        seen.append(key)
        raise StoreError("store", "gone", retryable=True)

    with pytest.raises(StoreError):
        await once(log, action(), breaks)
    assert await log.answer(action().key) is None
    await once(log, action(), store.perform)
    assert seen == store.keys


async def test_counting_counts_what_was_done_by_whom_and_since_when() -> None:
    log, store = MemoryActionLog(), Store()
    for hour in (1, 5, 9):
        await once(log, action(at=NOON + timedelta(hours=hour), n=hour), store.perform)
    await once(log, action(phone="+380670000000", n=1, other=True, at=NOON + timedelta(hours=10)), store.perform)
    await once(log, action("create_order_draft", at=NOON + timedelta(hours=11)), store.perform)
    await log.intend(action(n="unanswered", at=NOON + timedelta(hours=11)))
    assert await log.count("confirm_order", PHONE, NOON) == 3
    assert await log.count("confirm_order", PHONE, NOON + timedelta(hours=5)) == 2


async def test_memory_does_not_grow_for_ever() -> None:
    log, store = MemoryActionLog(), Store()
    for hour in range(100):
        await once(log, action(at=NOON + timedelta(hours=hour), n=hour), store.perform)
    assert len(log._recorded) == 25


@pytest.mark.parametrize(
    ("error", "unknown"),
    [(StoreError("store", "no answer", retryable=True), True), (StoreRejected(422, "slot_taken", "…"), False)],
)
async def test_what_failed_is_abandoned_for_the_caller_was_told_and_may_be_wanted_again(
    error: StoreError, unknown: bool
) -> None:
    log, store = MemoryActionLog(), Store()

    async def fails(key: str) -> Mapping[str, Any]:
        raise error

    with pytest.raises(StoreError):
        await once(log, action(), fails)
    (failed,) = await log.recent(PHONE, NOON)
    assert (failed.is_open, failed.is_unknown) == (False, unknown)
    assert "…" not in (failed.abandoned or "")
    assert await once(log, action(), store.perform) == {"n": 1}
    (done,) = await log.recent(PHONE, NOON)
    assert (done.answer, done.abandoned) == ({"n": 1}, None)


async def test_without_a_durable_intent_nothing_is_asked() -> None:
    async def full(recorded: Recorded) -> None:
        raise SpoolError("no space left")

    async with Database(DatabaseConfig(url=SecretStr("postgresql://127.0.0.1:1/none"))) as database:
        log, store = JournaledActionLog(full, database, Patience(), lambda: NOON), Store()
        with pytest.raises(SpoolError):
            await once(log, action(), store.perform)
    assert store.keys == []


async def test_an_answer_that_cannot_be_put_on_record_is_told_all_the_same() -> None:
    saved: list[Recorded] = []

    async def takes_one(recorded: Recorded) -> None:
        if saved:
            raise SpoolError("no space left")
        saved.append(recorded)

    async with Database(DatabaseConfig(url=SecretStr("postgresql://127.0.0.1:1/none"))) as database:
        log, store = JournaledActionLog(takes_one, database, Patience(), lambda: NOON), Store()
        assert await once(log, action(), store.perform) == {"n": 1}
        assert await once(log, action(), store.perform) == {"n": 1}
    assert len(store.keys) == 1
