"""How the gate learns: nothing from what the model itself wrote into a tool, and in small steps."""

import json
from typing import Any, Final

from engine.dialogue.grounding import Gate, Kind
from engine.dialogue.llm import Message, Text, ToolOutcome, ToolUse
from tests.dialogue.grounded_call import RESULTS, TODAY

ADDRESS: Final = "вулиця Садова, 7"


def after(said: str, arguments: dict[str, Any], result: dict[str, Any], context: str = "") -> Gate:
    """A gate that has seen one tool run."""
    opened = Gate(TODAY)
    messages = (
        Message("user", (Text(said),)),
        Message("assistant", (ToolUse("t1", "any", arguments),)),
        Message("user", (ToolOutcome("t1", json.dumps(result, ensure_ascii=False)),)),
    )
    opened.learn("", context, messages)
    return opened


def test_a_callback_time_of_the_models_own() -> None:
    own = {"preferred_time": "завтра о 15:00"}
    echo = {"status": "accepted", **own}
    assert after("передзвоніть мені", own, echo).ungrounded("Передзвонимо завтра о 15:00.") == (Kind.DATE, Kind.TIME)
    assert after("передзвоніть завтра о третій дня", own, echo).ungrounded("Передзвонимо завтра о 15:00.") == ()


def test_a_profile_of_the_models_own() -> None:
    own = {"address": ADDRESS}
    echo = {"status": "saved", **own}
    assert after("запам'ятайте адресу", own, echo).ungrounded("Записала: вулиця Садова, 7.") == (Kind.ADDRESS,)
    assert after("улица Садовая семь", own, echo).ungrounded("Записала: вулиця Садова, 7.") == ()


def test_the_draft_pinned_by_code_quotes_the_model() -> None:
    own = {"order_id": "o1", "city": "Київ", "address": ADDRESS}
    draft = (
        f"Чернетка: order_id o1: Debica × 4 по 2350 грн; товари 9400 грн; доставка: Київ, {ADDRESS}; разом 9650 грн."
    )
    result = {"order_id": "o1", "delivery_cost": 250, "total": 9650}
    assert after("доставте додому", own, result, draft).ungrounded("Доставка: вулиця Садова, 7.") == (Kind.ADDRESS,)
    assert after("Садова сім", own, result, draft).ungrounded("Доставка: вулиця Садова, 7.") == ()
    assert after("доставте додому", own, result, draft).ungrounded("Разом 9 650 грн.") == ()


def test_what_a_list_of_the_stores_repeats_is_the_stores() -> None:
    own = {"date": "2026-11-24", "size": "205/55 R16"}
    opened = after("запишіть мене", own, {"slots": [{"date": "2026-11-24", "times": ["10:00"]}]})
    assert opened.ungrounded("24 листопада вільно о 10:00.") == ()
    opened = after("що є?", own, RESULTS[1])
    assert opened.ungrounded("Є 205/55 R16.") == ()


def test_learning_goes_sentence_by_sentence_and_only_what_is_new() -> None:
    text = "Доставка 250 грн. Шиномонтаж 900 грн. Балансування 400 грн."
    messages = (Message("user", (ToolOutcome("t1", json.dumps({"passages": [{"text": text}]})),)),)
    opened = Gate(TODAY)
    steps = opened.learning("", "", messages)
    next(steps)
    assert opened.ungrounded("Балансування 400 грн.") == (Kind.PRICE,)
    assert len(list(steps)) == 2
    assert opened.ungrounded("Балансування 400 грн.") == ()
    assert list(opened.learning("", "", messages)) == []
