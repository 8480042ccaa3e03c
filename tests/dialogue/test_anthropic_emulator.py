"""The agent and the real SDK against the emulated vendor, which refuses what the vendor refuses."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest
import trio

from engine.config import AnthropicConfig
from engine.dialogue.agent import Agent, Prompt
from engine.dialogue.agent_events import AgentEvent
from engine.dialogue.anthropic_llm import AnthropicModel
from engine.dialogue.history import History
from engine.dialogue.llm import ToolOutcome, ToolSpec, ToolUse, Usage
from engine.errors import ModelError
from tests.dialogue.emulated_vendor import Vendor

PROMPT = Prompt(
    "Ти помічник магазину шин.", gave_up="Оператора?", go_on="Вже сказано: {said}", unfounded="Не сказано: {held}",
    unsure="Не знаю.",
)  # fmt: skip
LOOK_UP = {
    "text": "Зараз подивлюся.",
    "tool_uses": [
        {"name": "search_tires", "arguments": {"width": 205}},
        {"name": "search_tires", "arguments": {"width": 215}},
    ],
}
ANSWER = {"text": "Є три моделі. Найдешевша коштує 2 350 грн. Беремо?"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    running = Vendor()
    yield running
    running.stop()


class Search:
    """One tool that always finds something."""

    def offered(self) -> tuple[ToolSpec, ...]:
        return (ToolSpec("search_tires", "Пошук", {"type": "object", "properties": {"width": {"type": "integer"}}}),)

    def context(self) -> str:
        return "Стан: пошук, знайдено за 2 350 грн"

    async def run(self, use: ToolUse) -> ToolOutcome:
        await trio.lowlevel.checkpoint()
        return ToolOutcome(use.id, '{"total": 3}')


class Talk:
    def __init__(self, vendor: Vendor, script: Sequence[Any], **limits: float) -> None:
        vendor.emulator.settings.script = list(script)
        config: Any = {"base_url": vendor.url, "api_key": "test", **limits}
        self._model = AnthropicModel(AnthropicConfig(**config))
        self._agent = Agent(self._model, Search(), PROMPT, date(2026, 11, 22))
        self.history = History()
        self.said: list[str] = []
        self.events: list[AgentEvent] = []

    async def turn(self, caller: str) -> None:
        """One turn, heard to the end."""
        self.history.user(caller)
        reply = self.history.begin_reply()
        try:
            await self._agent.reply(self.history, reply, self.said.append, self.events.append)
        finally:
            reply.close(reply.sentences)

    async def close(self) -> None:
        await self._model.aclose()


async def test_turns_with_tools_are_valid_requests(vendor: Vendor) -> None:
    talk = Talk(vendor, [LOOK_UP, ANSWER, {"text": "Добре."}])
    talk.history.bot_said("Добрий день!")
    await talk.turn("Шини 205/55 R16")
    await talk.turn("Так")
    await talk.close()
    assert talk.said == ["Зараз подивлюся.", "Є три моделі.", "Найдешевша коштує 2 350 грн.", "Беремо?", "Добре."]
    assert vendor.emulator.counters()["invalid"] == 0
    usages = [event for event in talk.events if isinstance(event, Usage)]
    assert len(usages) == 3
    assert all(usage.output_tokens > 0 for usage in usages)


async def test_overload_is_asked_again(vendor: Vendor) -> None:
    talk = Talk(vendor, [ANSWER])
    vendor.emulator.faults.update(fail_next=1, fail_code="529")
    await talk.turn("Ціна?")
    await talk.close()
    assert talk.said[-1] == "Беремо?"


async def test_cut_in_the_middle_goes_on_where_it_was(vendor: Vendor) -> None:
    talk = Talk(vendor, [ANSWER, {"text": "Найдешевша коштує 2 350 грн."}])
    vendor.emulator.faults.update(cut_next=1, cut_after=8)
    await talk.turn("Ціна?")
    await talk.close()
    assert talk.said == ["Є три моделі.", "Найдешевша коштує 2 350 грн."]


async def test_stall_ends_as_an_error_in_bounded_time(vendor: Vendor) -> None:
    talk = Talk(vendor, [ANSWER, ANSWER], first_event_timeout=1, gap_timeout=0.2)
    vendor.emulator.faults.update(stall_after=3)
    with trio.fail_after(5), pytest.raises(ModelError, match="stalled"):
        await talk.turn("Ціна?")
    await talk.close()


async def test_interrupted_turn_leaves_a_valid_history(vendor: Vendor) -> None:
    talk = Talk(vendor, [LOOK_UP, ANSWER, {"text": "Слухаю."}])
    with trio.CancelScope() as scope:
        talk.history.user("Ціна?")
        reply = talk.history.begin_reply()

        def interrupt(sentence: str) -> None:
            if sentence == "Є три моделі.":
                scope.cancel()

        await talk._agent.reply(talk.history, reply, interrupt)
    reply.close(["Зараз подивлюся.", "Є"])
    await talk.turn("Зачекайте")
    await talk.close()
    assert talk.said == ["Слухаю."]
    assert vendor.emulator.counters()["invalid"] == 0


async def test_warm_up_needs_only_an_answer(vendor: Vendor) -> None:
    talk = Talk(vendor, [])
    await talk._model.warm_up()
    await talk.close()
    assert vendor.emulator.counters()["requests"] == 0
