"""The agent against a scripted model and scripted tools, on a virtual clock."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date

import pytest
import trio
import trio.testing

from engine.dialogue.agent import MAX_ROUNDS, Agent, Prompt
from engine.dialogue.agent_events import (
    AgentEvent,
    FirstToken,
    ModelRequested,
    SentenceReady,
    ToolFinished,
    ToolStarted,
    Ungrounded,
)
from engine.dialogue.grounding import Kind
from engine.dialogue.history import History
from engine.dialogue.leaks import may_be_spoken
from engine.dialogue.llm import (
    Finished,
    Message,
    ModelEvent,
    ModelRequest,
    Started,
    Text,
    TextDelta,
    ToolOutcome,
    ToolSpec,
    ToolUse,
    Usage,
)
from engine.errors import ModelError

PROMPT = Prompt(
    "Ти помічник.", gave_up="Вибачте, з'єднати з оператором?", go_on="Вже сказано: {said}",
    unfounded="Не сказано: {held}", unsure="Не знаю. З'єднати з оператором?", max_tokens=300,
)  # fmt: skip
ASKED = "Чому шини по 2 350 грн?"
SEARCH = ToolUse("t1", "search_tires", {"width": 205})
ORDER = ToolUse("t2", "confirm_order", {"order_id": "7"})
END = Finished("end_turn", Usage(10, 5))
TOOLS_END = Finished("tool_use", Usage(10, 5))
BROKEN = ModelError("fake", "cut", retryable=True)
type Script = Sequence[ModelEvent | ModelError | float | str]
"""What the model does for one request: text, events, seconds of thought, or its failure."""


class ScriptedModel:
    def __init__(self, *scripts: Script) -> None:
        self._scripts = iter(scripts)
        self.requests: list[ModelRequest] = []
        self.open = 0

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelEvent]]:
        self.requests.append(request)
        self.open += 1
        try:
            async with aclosing(self._play(next(self._scripts))) as events:
                yield events
        finally:
            self.open -= 1

    @staticmethod
    async def _play(script: Script) -> AsyncGenerator[ModelEvent]:
        for step in script:
            match step:
                case ModelError():
                    raise step
                case float():
                    await trio.sleep(step)
                case str():
                    yield TextDelta(step)
                case _:
                    yield step


class ScriptedTools:
    """Each run takes a second; `mutating` names are shielded as the toolbox shields them."""

    def __init__(self, *, failing: Sequence[str] = (), mutating: Sequence[str] = ()) -> None:
        self.ran: list[str] = []
        self._failing = failing
        self._mutating = mutating

    def offered(self) -> tuple[ToolSpec, ...]:
        return (ToolSpec("search_tires", "Пошук", {"type": "object"}),)

    def context(self) -> str:
        return f"Виконано: {len(self.ran)}"

    async def run(self, use: ToolUse) -> ToolOutcome:
        with trio.CancelScope(shield=use.name in self._mutating):
            await trio.sleep(1)
        self.ran.append(use.name)
        return ToolOutcome(use.id, '{"ok":true}', is_error=use.name in self._failing)


class Talk:
    """One caller's turn and the agent's reply to it."""

    def __init__(self, model: ScriptedModel, tools: ScriptedTools | None = None) -> None:
        self.model = model
        self.tools = tools or ScriptedTools()
        self.said: list[str] = []
        self.events: list[AgentEvent] = []
        self.history = History()
        self.history.user(ASKED)
        self.reply = self.history.begin_reply()

    async def run(self, say: Callable[[str], None] | None = None) -> None:
        agent = Agent(self.model, self.tools, PROMPT, date(2026, 11, 22))
        await agent.reply(self.history, self.reply, say or self.said.append, self.events.append)

    def outcomes(self) -> list[ToolOutcome]:
        return [b for m in self.history.messages() for b in m.blocks if isinstance(b, ToolOutcome)]


async def test_sentences_leave_before_the_model_has_finished(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel(["Так, є. ", 5.0, "Коштує 2 350 грн. ", "Беремо?", END]))
    spoken_at: list[tuple[str, float]] = []
    start = trio.current_time()
    await talk.run(lambda sentence: spoken_at.append((sentence, trio.current_time() - start)))
    assert spoken_at == [("Так, є.", 0), ("Коштує 2 350 грн.", 5), ("Беремо?", 5)]
    assert talk.reply.sentences == ("Так, є.", "Коштує 2 350 грн.", "Беремо?")


async def test_request_carries_prompt_state_tools_and_history() -> None:
    talk = Talk(ScriptedModel(["Так.", END]))
    await talk.run()
    assert talk.model.requests == [
        ModelRequest(
            "Ти помічник.",
            [Message("user", (Text(ASKED),))],
            talk.tools.offered(),
            "Виконано: 0",
            300,
        )
    ]


async def test_tools_run_in_order_and_their_outcomes_reach_the_model(autojump_clock: trio.testing.MockClock) -> None:
    model = ScriptedModel(["Зараз подивлюся.", SEARCH, ORDER, TOOLS_END], ["Готово.", END])
    talk = Talk(model, ScriptedTools(failing=["confirm_order"]))
    await talk.run()
    assert talk.tools.ran == ["search_tires", "confirm_order"]
    assert talk.said == ["Зараз подивлюся.", "Готово."]
    assert model.requests[1].messages[1:] == [
        Message("assistant", (Text("Зараз подивлюся."), SEARCH, ORDER)),
        Message("user", tuple(talk.outcomes())),
    ]
    assert model.requests[1].context == "Виконано: 2"
    assert talk.events == [
        ModelRequested(1),
        FirstToken(),
        SentenceReady("Зараз подивлюся."),
        Usage(10, 5),
        ToolStarted("search_tires"),
        ToolFinished("search_tires", ok=True),
        ToolStarted("confirm_order"),
        ToolFinished("confirm_order", ok=False),
        ModelRequested(2),
        FirstToken(),
        Usage(10, 5),
        SentenceReady("Готово."),
    ]


async def test_endless_tool_use_ends_with_an_offer(autojump_clock: trio.testing.MockClock) -> None:
    script: Script = [SEARCH, TOOLS_END]
    talk = Talk(ScriptedModel(*[script] * 9))
    await talk.run()
    assert len(talk.model.requests) == MAX_ROUNDS
    assert talk.said == [PROMPT.gave_up]
    assert len(talk.outcomes()) == len(talk.tools.ran) == MAX_ROUNDS - 1


async def test_broken_answer_is_continued_not_repeated() -> None:
    talk = Talk(ScriptedModel(["Так, є. ", "Коштує", BROKEN], ["Коштує 2 350 грн.", END]))
    await talk.run()
    assert talk.said == ["Так, є.", "Коштує 2 350 грн."]
    assert talk.model.requests[0].context == "Виконано: 0"
    assert talk.model.requests[1].context == "Виконано: 0\n\nВже сказано: Так, є."
    assert talk.model.requests[1].messages == talk.model.requests[0].messages


async def test_tools_of_a_broken_answer_do_not_run(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel([ORDER, BROKEN], ["Не вийшло.", END]))
    await talk.run()
    assert not talk.tools.ran


@pytest.mark.parametrize(
    ("scripts", "requests"),
    [
        pytest.param([[BROKEN], [BROKEN], ["Так.", END]], 2, id="twice"),
        pytest.param([[SEARCH, TOOLS_END], [BROKEN], ["Ні", BROKEN]], 3, id="one retry a reply"),
        pytest.param([[ModelError("fake", "400")], ["Так.", END]], 1, id="no use asking again"),
        pytest.param([[END], [END], ["Так.", END]], 2, id="nothing said"),
        pytest.param([["…", END], ['{"a": 1}', END]], 2, id="nothing that may be spoken"),
    ],
)
async def test_failures_reach_the_call(
    scripts: list[Script], requests: int, autojump_clock: trio.testing.MockClock
) -> None:
    talk = Talk(ScriptedModel(*scripts))
    with pytest.raises(ModelError):
        await talk.run()
    assert len(talk.model.requests) == requests
    assert talk.model.open == 0


async def test_silence_after_a_tool_is_asked_about_once_more(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel(["Дивлюся.", SEARCH, TOOLS_END], [END], ["Є три.", END]))
    await talk.run()
    assert talk.said == ["Дивлюся.", "Є три."]


@pytest.mark.parametrize(
    ("deltas", "said"),
    [
        (["Є три моделі. ", "Найдешевша з них ко"], ["Є три моделі."]),
        (["Є три моделі. ", "Беремо першу."], ["Є три моделі.", "Беремо першу."]),
        (["Найдешевша з них ко"], ["Найдешевша з них ко"]),
    ],
)
async def test_torso_at_the_token_limit_is_left_out(deltas: list[str], said: list[str]) -> None:
    talk = Talk(ScriptedModel([*deltas, Finished("max_tokens")]))
    await talk.run()
    assert talk.said == said


async def test_internals_are_not_spoken() -> None:
    talk = Talk(ScriptedModel(["Так. Викликаю search_tires. ", '{"width": 205}\n', "Є три моделі. ", "...", END]))
    await talk.run()
    assert talk.said == ["Так.", "Є три моделі."]


async def test_interruption_closes_the_stream_and_keeps_what_was_said(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel(["Так, є. ", 60.0, "Ще", END]))
    with trio.move_on_after(1) as scope:
        await talk.run()
    assert scope.cancelled_caught
    assert talk.model.open == 0
    assert talk.reply.sentences == ("Так, є.",)


@pytest.mark.parametrize(
    ("uses", "cancel_after", "ran", "errors"),
    [
        pytest.param([ORDER, SEARCH], 0.5, ["confirm_order"], [False, True], id="during the mutation"),
        pytest.param([SEARCH, ORDER], 0.5, [], [], id="during a look-up: nothing to keep"),
        pytest.param([SEARCH, ORDER], 1.5, ["search_tires", "confirm_order"], [False, False], id="in the last"),
    ],
)
async def test_interruption_among_tools_leaves_no_orphan_and_loses_no_mutation(
    uses: list[ToolUse],
    cancel_after: float,
    ran: list[str],
    errors: list[bool],
    autojump_clock: trio.testing.MockClock,
) -> None:
    talk = Talk(ScriptedModel([*uses, TOOLS_END]), ScriptedTools(mutating=["confirm_order"]))
    with trio.move_on_after(cancel_after) as scope:
        await talk.run()
    assert scope.cancelled_caught
    assert talk.tools.ran == ran
    assert [outcome.is_error for outcome in talk.outcomes()] == errors


@pytest.mark.parametrize(
    ("sentence", "spoken"),
    [
        ("Шини 205/55 R16 коштують 2 350,50 грн.", True),
        ("Nokian Hakkapeliitta R5, індекс 91T.", True),
        ("Ваш номер замовлення 100245.", True),
        ("Викликаю create_order_draft.", False),
        ('[{"id": 1}]', False),
        ("<thinking>треба шукати</thinking>", False),
        ("Товар 3f2b8c1e-77aa-4c1e-9d55-0a1b2c3d4e5f є.", False),
        ("toolu_01A09q90qw90lq917835lq9 готово", False),
        (" — …", False),
    ],
)
def test_what_may_be_spoken(sentence: str, spoken: bool) -> None:
    assert may_be_spoken(sentence) is spoken


async def test_an_answer_cut_off_is_paid_for_too(autojump_clock: trio.testing.MockClock) -> None:
    """By interruption or by failure: the vendor has read the request."""
    begun = Started(Usage(900, 1))
    talk = Talk(ScriptedModel((begun, "Шини коштують. ", 60.0, END)))
    with trio.move_on_after(1):
        await talk.run()
    assert [event for event in talk.events if isinstance(event, Usage)] == [Usage(900, 1)]

    retried = Talk(ScriptedModel((begun, BROKEN), (begun, "Готово.", END)))
    await retried.run()
    assert [event for event in retried.events if isinstance(event, Usage)] == [Usage(900, 1), Usage(10, 5)]


LIE = "Ці коштують 9 999 грн."


def notes(talk: Talk) -> list[str]:
    """What the model is told beside the state, request by request."""
    return [request.context.partition("\n\n")[2] for request in talk.model.requests]


async def test_an_invented_value_is_asked_about_and_not_spoken() -> None:
    talk = Talk(ScriptedModel(["Так, є. ", f"{LIE} ", "Беремо?", END], ["Вони по 2 350 грн.", END]))
    await talk.run()
    assert talk.said == ["Так, є.", "Вони по 2 350 грн."]
    assert notes(talk) == ["", f"Вже сказано: Так, є.\n\nНе сказано: {LIE}"]
    assert [event for event in talk.events if isinstance(event, Ungrounded)] == [
        Ungrounded((Kind.PRICE,), "asked_again")
    ]
    assert talk.model.open == 0


async def test_a_model_that_insists_is_replaced_by_an_offer() -> None:
    talk = Talk(ScriptedModel([LIE, END], ["Гаразд. ", LIE, END], ["Так.", END]))
    await talk.run()
    assert talk.said == ["Гаразд.", PROMPT.unsure]
    assert len(talk.model.requests) == 2
    outcomes = [event.outcome for event in talk.events if isinstance(event, Ungrounded)]
    assert outcomes == ["asked_again", "replaced"]


async def test_the_model_is_asked_once_a_turn(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel([LIE, END], [SEARCH, TOOLS_END], [LIE, END], ["Так.", END]))
    await talk.run()
    assert talk.said == [PROMPT.unsure]
    assert notes(talk) == ["", f"Не сказано: {LIE}", ""]


async def test_tools_of_a_held_answer_do_not_run(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel([LIE, ORDER, TOOLS_END], ["Не маю таких даних.", END]))
    await talk.run()
    assert not talk.tools.ran
    assert talk.said == ["Не маю таких даних."]


async def test_what_was_held_is_nowhere_in_the_history(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(ScriptedModel(["Так, є. ", LIE, END], ["Дивлюся. ", 60.0, "Ось.", END]))
    with trio.move_on_after(1) as scope:
        await talk.run()
    assert scope.cancelled_caught
    talk.reply.close(["Так, є.", "Диви"])
    assert talk.history.messages()[-2].blocks == (Text("Так, є. Диви —"),)


async def test_a_held_answer_is_paid_for() -> None:
    talk = Talk(ScriptedModel([Started(Usage(900, 1)), LIE, " Ще ", 60.0, END], ["Не знаю.", END]))
    await talk.run()
    assert [event for event in talk.events if isinstance(event, Usage)] == [Usage(900, 1), Usage(10, 5)]


async def test_one_lie_does_not_vouch_for_the_next() -> None:
    """The note quotes it; a note is no data."""
    talk = Talk(ScriptedModel([LIE, END], [f"Вибачте. {LIE}", END]))
    await talk.run()
    assert talk.said == ["Вибачте.", PROMPT.unsure]
