"""Whatever happens in a call, the model gets a valid conversation of what was heard."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue.history import CALL_BEGINS, CALLER_SILENT, History
from engine.dialogue.llm import Message, Text, ToolOutcome, ToolUse
from engine.dialogue.reply import Exchange, Reply


def exchange(*ids: str) -> Exchange:
    return tuple((ToolUse(i, "search_tires", {"width": 205}), ToolOutcome(i, '{"tires": []}')) for i in ids)


def texts(messages: list[Message]) -> list[tuple[str, str]]:
    return [(m.role, b.text) for m in messages for b in m.blocks if isinstance(b, Text)]


def assert_valid(messages: list[Message]) -> None:
    """Anthropic's rules, by its own error messages."""
    assert [m.role for m in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"]
    awaited: list[str] = []
    for message in messages:
        assert message.blocks
        outcomes = [b.id for b in message.blocks if isinstance(b, ToolOutcome)]
        assert outcomes == awaited, "each tool_use block must have a tool_result block in the next message"
        leading = message.blocks[: len(outcomes)]
        assert all(isinstance(b, ToolOutcome) for b in leading), "tool_result blocks come first"
        awaited = [b.id for b in message.blocks if isinstance(b, ToolUse)]
        assert all(b.text.strip() for b in message.blocks if isinstance(b, Text)), "text blocks must be non-empty"
        kinds = {type(b) for b in message.blocks}
        assert kinds <= ({Text, ToolOutcome} if message.role == "user" else {Text, ToolUse})
    assert not awaited


def test_only_what_was_heard_stays() -> None:
    history = History()
    history.bot_said("Добрий день!")
    history.user("Скільки коштують шини?")
    reply = history.begin_reply()
    for sentence in ("Є три варіанти.", "Найдешевший коштує 2 350 грн.", "Замовляємо?"):
        reply.say(sentence)
    reply.close(["Є три варіанти.", "Найдешевший коштує"])
    history.user("Зачекайте")
    assert texts(history.messages()) == [
        ("user", CALL_BEGINS),
        ("assistant", "Добрий день!"),
        ("user", "Скільки коштують шини?"),
        ("assistant", "Є три варіанти. Найдешевший коштує —"),
        ("user", "Зачекайте"),
    ]


def test_reply_unheard_leaves_no_trace_and_the_callers_words_join() -> None:
    history = History()
    history.user("Мені потрібні")
    history.begin_reply().say("Слухаю вас.")
    history.user("зимові шини")
    assert texts(history.messages()) == [("user", "Мені потрібні зимові шини")]


def test_open_reply_ends_before_the_answer_now_asked_for() -> None:
    history = History()
    history.user("Є 205/55 R16?")
    reply = history.begin_reply()
    reply.say("Зараз подивлюся.")
    history.bot_said("Хвилинку…")
    assert [m.role for m in history.messages()] == ["user"]
    reply.exchange(exchange("a", "b"))
    reply.say("Так, є.")
    messages = history.messages()
    assert texts(messages) == [("user", "Є 205/55 R16?"), ("assistant", "Зараз подивлюся. Хвилинку…")]
    assert_valid(messages)
    reply.close(["Зараз подивлюся.", "Так, є."])
    assert texts(history.messages())[-2:] == [("assistant", "Так, є."), ("user", CALLER_SILENT)]


def test_amended_turn_replaces_the_last_unless_something_was_heard() -> None:
    history = History()
    history.user("двісті п'ять")
    history.begin_reply().exchange(exchange("a"))
    history.amend_user("двісті п'ять на п'ятдесят п'ять")
    assert texts(history.messages()) == [("user", "двісті п'ять на п'ятдесят п'ять")]
    assert_valid(history.messages())
    history.bot_said("Хвилинку…")
    history.amend_user("Так")
    assert texts(history.messages())[-1] == ("user", "Так")


def test_outcome_of_a_shielded_mutation_is_kept_after_the_reply_was_closed() -> None:
    history = History()
    history.user("Замовляю")
    reply = history.begin_reply()
    reply.close([])
    history.user("зачекайте")
    reply.exchange(exchange("order"))
    assert_valid(history.messages())
    assert any(isinstance(b, ToolOutcome) for m in history.messages() for b in m.blocks)


def test_exchange_refuses_a_strangers_outcome() -> None:
    use, _ = exchange("a")[0]
    _, outcome = exchange("b")[0]
    with pytest.raises(ValueError, match="own outcome"):
        Reply().exchange(((use, outcome),))
    with pytest.raises(ValueError, match="own outcome"):
        Reply().exchange(())


def test_compression_drops_whole_old_turns_rarely() -> None:
    history = History(max_turns=6)
    dropped_at = []
    for n in range(12):
        before = len(history.messages())
        history.user(f"питання {n}")
        if len(history.messages()) < before:
            dropped_at.append(n)
        reply = history.begin_reply()
        reply.exchange(exchange(f"t{n}"))
        reply.say(f"відповідь {n}")
        reply.close([f"відповідь {n}"])
        assert_valid(history.messages())
    assert dropped_at == [6, 10]
    assert texts(history.messages())[0] == ("user", "питання 8")


def test_one_huge_turn_stays() -> None:
    history = History(max_chars=100)
    history.user("а" * 60)
    history.bot_said("так")
    history.user("б" * 500)
    assert texts(history.messages()) == [("user", "б" * 500)]


Operation = tuple[str, str]
operations = st.lists(
    st.tuples(
        st.sampled_from(["user", "amend", "begin", "say", "exchange", "close", "fixed", "reload"]),
        st.sampled_from(["", " ", "Так.", "Є три варіанти.", "двісті п'ять"]),
    ),
    max_size=60,
)


@given(operations, st.integers(1, 6), st.integers(10, 400))
def test_any_sequence_of_events_gives_valid_messages(sequence: list[Operation], max_turns: int, max_chars: int) -> None:
    history = History(max_turns=max_turns, max_chars=max_chars)
    reply = Reply()
    for number, (verb, text) in enumerate(sequence):
        match verb:
            case "user":
                history.user(text)
            case "amend":
                history.amend_user(text)
            case "begin":
                reply = history.begin_reply()
            case "say":
                reply.say(text)
            case "exchange":
                reply.exchange(exchange(f"{number}.1", f"{number}.2"))
            case "close":
                reply.close([text] * (number % 3))
            case "fixed":
                history.bot_said(text)
            case "reload":
                history = History.from_json(json.loads(json.dumps(history.to_json())))
        assert_valid(history.messages())


@given(operations)
def test_session_round_trip(sequence: list[Operation]) -> None:
    history = History()
    for number, (verb, text) in enumerate(sequence):
        if verb == "user":
            history.user(text)
        else:
            reply = history.begin_reply()
            reply.say(text)
            reply.exchange(exchange(str(number)))
            reply.close([text])
    restored = History.from_json(json.loads(json.dumps(history.to_json())))
    assert restored.messages() == history.messages()
