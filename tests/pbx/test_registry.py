"""Admission control and verdicts, on a clock of our own."""

from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.pbx.registry import CallRegistry, Registration


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(clock: Clock) -> CallRegistry:
    return CallRegistry(2, clock)


def test_an_announced_call_is_claimed_once(registry: CallRegistry) -> None:
    uuid = uuid4()
    assert (
        registry.register(uuid, caller="067 123 45 67", called="100", channel="PJSIP/a-1", intent="order") == "accept"
    )
    call = registry.claim(uuid)
    assert call is not None
    assert (call.caller, call.called, call.channel, call.intent) == ("+380671234567", "100", "PJSIP/a-1", "order")
    assert registry.claim(uuid) is None


def test_asking_twice_takes_one_place(registry: CallRegistry) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    answers = [registry.register(uuid) for uuid in (first, first, second, third, first)]
    assert answers == ["accept", "accept", "accept", "busy", "accept"]


def test_connected_calls_hold_their_place_until_finished(registry: CallRegistry, clock: Clock) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    for uuid in (first, second):
        registry.register(uuid)
        registry.claim(uuid)
    clock.now += 10_000
    assert registry.register(third) == "busy"
    registry.finish(first, "hangup")
    assert registry.register(third) == "accept"


def test_who_never_connects_is_forgotten_after_a_minute(registry: CallRegistry, clock: Clock) -> None:
    uuid = uuid4()
    registry.register(uuid)
    clock.now += 59.9
    registry.register(uuid)  # asking again does not prolong it
    clock.now += 0.1
    assert registry.claim(uuid) is None
    assert registry.statistics().waiting == 0


def test_who_never_connects_is_told_of_once(registry: CallRegistry, clock: Clock) -> None:
    early, late = uuid4(), uuid4()
    registry.register(early)
    clock.now += 30
    registry.register(late)
    clock.now += 30
    assert registry.take_expired() == [early]
    assert registry.take_expired() == []
    assert list(registry.waiting()) == [late]
    assert (registry.stage(early), registry.stage(late)) == (None, "waiting")


def test_another_engines_call_takes_a_place_here_until_it_is_over(registry: CallRegistry) -> None:
    call = Registration(uuid4(), None, "100", "PJSIP/x")
    registry.adopt(call)
    assert registry.stage(call.uuid) == "connected"
    assert registry.statistics().connected == 1
    registry.release(call.uuid)
    assert registry.statistics().connected == 0
    assert registry.next(call.uuid).reason == "unknown_call"


def test_a_verdict_is_kept_for_five_minutes(registry: CallRegistry, clock: Clock) -> None:
    uuid = uuid4()
    registry.register(uuid)
    registry.claim(uuid)
    registry.finish(uuid, "operator", "asked_for_operator", "хоче шини 205/55 R16")
    clock.now += 299
    verdict = registry.next(uuid)
    assert (verdict.next, verdict.reason, verdict.summary) == ("operator", "asked_for_operator", "хоче шини 205/55 R16")
    clock.now += 1
    assert registry.next(uuid).reason == "unknown_call"


def test_whatever_cannot_be_accounted_for_goes_to_an_operator(registry: CallRegistry) -> None:
    uuid = uuid4()
    assert registry.next(uuid).next == "operator"
    registry.register(uuid)
    registry.claim(uuid)
    assert registry.next(uuid).next == "operator"


def test_an_ended_uuid_is_not_reused(registry: CallRegistry) -> None:
    uuid = uuid4()
    registry.finish(uuid, "hangup")
    assert registry.register(uuid) == "busy"


def test_draining_refuses_new_calls_only(registry: CallRegistry) -> None:
    here, coming = uuid4(), uuid4()
    registry.register(here)
    registry.drain()
    assert registry.register(coming) == "busy"
    assert registry.claim(here) is not None
    registry.finish(here, "hangup")
    assert registry.next(here).next == "hangup"


UUIDS = [UUID(int=n) for n in range(6)]


class Registry(RuleBasedStateMachine):
    """Whatever happens in whatever order: never more calls than allowed, nothing kept for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.registry = CallRegistry(3, self.clock)
        self.connected: set[UUID] = set()

    @rule(uuid=st.sampled_from(UUIDS))
    def register(self, uuid: UUID) -> None:
        if self.registry.register(uuid) == "busy":
            assert uuid not in self.connected

    @rule(uuid=st.sampled_from(UUIDS))
    def claim(self, uuid: UUID) -> None:
        if self.registry.claim(uuid) is not None:
            assert uuid not in self.connected
            self.connected.add(uuid)

    @rule(uuid=st.sampled_from(UUIDS))
    def finish(self, uuid: UUID) -> None:
        self.registry.finish(uuid, "hangup")
        self.connected.discard(uuid)
        assert self.registry.next(uuid).next == "hangup"

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def counts(self) -> None:
        numbers = self.registry.statistics()
        assert numbers.connected == len(self.connected)
        assert numbers.waiting + numbers.connected <= 3

    def teardown(self) -> None:
        self.clock.now += 301
        for uuid in self.connected:
            self.registry.finish(uuid, "hangup")
        self.clock.now += 301
        numbers = self.registry.statistics()
        assert (numbers.waiting, numbers.connected, numbers.ended) == (0, 0, 0)


TestRegistry = Registry.TestCase


def test_when_a_call_last_ended(registry: CallRegistry, clock: Clock) -> None:
    assert registry.last_ended_at < clock.now - 1_000_000
    registry.finish(uuid4(), "hangup")
    clock.now += 10
    again = uuid4()
    registry.finish(again, "operator")
    clock.now += 5
    registry.finish(again, "hangup")
    ended_at, clock.now = clock.now, clock.now + 60
    assert registry.last_ended_at == ended_at
