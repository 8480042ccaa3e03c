"""A part fails: the caller hears an apology and is left to an operator."""

from typing import Any
from uuid import UUID

import pytest
from trio.testing import MockClock

from engine.call.events import BotSaid, CallEnded, PartFailed
from engine.call.states import Outcome
from engine.errors import ModelError
from tests.call.line import VOICED
from tests.call.vendors import STALL, Step
from tests.call.world import CALL, TEXTS, World, call_in, calling, shop_floor

APOLOGY = TEXTS.phrases.apology
NO_VOICE = TEXTS.phrases.tts_fallback
REFUSED = ModelError("anthropic", "401", retryable=False)
BROKEN = ModelError("anthropic", "cut", retryable=True)


def failed_over(world: World, part: str) -> None:
    ended = world.told(CallEnded)[0]
    assert (ended.outcome, ended.reason) == (Outcome.FAILED_OVER, f"{part}_failed")
    assert {e.part for e in world.told(PartFailed)} == {part}
    assert world.registry.next(CALL).next == "operator"
    assert world.registry.next(CALL).reason == f"{part}_failed"


@pytest.mark.parametrize("answers", [[[REFUSED]], [[BROKEN], [BROKEN]]])
async def test_the_model_fails(answers: list[list[Step]], autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(*answers)
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_ended()
    failed_over(world, "model")
    assert world.heard_of(APOLOGY)[0].complete
    assert len(world.model.requests) == len(answers)


async def test_what_was_said_before_the_model_failed_is_heard_to_its_end(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.voice.delay = 0.5
        world.model.will_answer(["Зараз подивлюся, що є в нас на складі. Так", REFUSED])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_ended()
    failed_over(world, "model")
    texts = [text for text in world.heard()[2:] if "…" not in text]
    assert texts[-1] == APOLOGY
    assert " ".join(texts[:-1]).startswith("Зараз подивлюся, що є в нас на складі.")


async def test_the_synthesiser_fails_at_the_first_sentence(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.voice.trouble = lambda text: "fails"
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_ended()
    failed_over(world, "synthesizer")
    assert world.heard()[2:] == [NO_VOICE]


@pytest.mark.parametrize("trouble", ["fails", "breaks", "mute"])
async def test_the_synthesiser_fails_at_a_later_sentence(trouble: str, autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.voice.trouble = lambda text: trouble if "Друге" in text else ""
        world.model.will_answer("Перше речення про зимові шини. Друге речення про літні шини.")
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_ended()
    failed_over(world, "synthesizer")
    assert world.heard_of("Перше речення")[0].complete
    assert world.heard_of(NO_VOICE)[0].complete
    said = world.told(BotSaid)[1].text
    assert said.startswith("Перше речення про зимові шини.")
    assert "літні" not in said, "nobody heard it"


async def test_no_voice_even_for_the_apology(autojump_clock: MockClock) -> None:
    async with shop_floor(warm=False) as make:
        world = make(CALL)
        world.voice.trouble = lambda text: "fails"
        async with call_in(world):
            await world.until_ended(5)
    failed_over(world, "synthesizer")
    assert world.heard() == []
    world.check_end()


async def test_the_recogniser_breaks_in_mid_answer(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("Дуже довге речення про зимові шини для вашої машини.")
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Дуже довге", frames=10)
        world.ears.fail()
        await world.until_ended(10)
    failed_over(world, "recognizer")
    assert not world.heard_of("Дуже довге")[0].complete
    assert world.heard_of(APOLOGY)[0].complete


async def test_the_recogniser_ends_without_a_word(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_listening()
        world.ears.end()
        await world.until_ended(10)
    failed_over(world, "recognizer")


async def test_a_second_failure_does_not_cut_the_apology(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([REFUSED])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(APOLOGY, frames=10)
        world.ears.fail()
        await world.until_ended(10)
    assert world.heard_of(APOLOGY)[0].complete
    assert world.told(CallEnded)[0].reason == "model_failed"
    assert [e.part for e in world.told(PartFailed)] == ["model", "recognizer"]


class Bug(Exception):
    pass


class FaultyVad:
    def process(self, frame: bytes) -> bool:
        if frame == VOICED:
            raise Bug
        return False


class FaultyFillers:
    """The texts, but for a filler: asked for on the media tick."""

    def __getattr__(self, name: str) -> Any:
        if name == "filler":
            raise Bug
        return getattr(TEXTS, name)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [({"make_vad": FaultyVad}, ["Так."]), ({"texts": FaultyFillers()}, [STALL]), ({}, [Bug()])],
    ids=["in the sink", "on the tick", "in a task"],
)
async def test_a_bug_ends_its_call_and_no_other(
    changes: dict[str, Any], answer: list[Step], autojump_clock: MockClock
) -> None:
    async with shop_floor() as make, call_in(make(UUID(int=7))) as other:
        world = make(CALL)
        async with call_in(world, **changes):
            world.model.will_answer(answer)
            await world.until_listening()
            await world.say("зимові шини")
            await world.until_ended(3)
        assert isinstance(world.error, ExceptionGroup)
        assert world.error.subgroup(Bug) is not None
        world.check_end()
        assert world.told(CallEnded)[0].outcome is Outcome.FAILED_OVER
        assert world.registry.next(CALL).next == "operator"
        await other.until_listening()
        await other.say("алло")
        await other.until_heard("Гаразд", frames=5)
        other.hang_up()
        await other.until_ended(1)
        other.check_end()
