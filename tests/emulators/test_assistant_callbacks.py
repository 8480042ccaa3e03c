"""The assistant where no operator is there: it says so, and takes a call-back request."""

from typing import Any

import pytest

from tests.emulators.test_assistant import TOOLS, Conversation, Json, Shop

HOURS = "щодня з 9:00 до 20:00"


class Closed(Shop):
    """Without operators."""

    def transfer_to_operator(self, reason: str, summary: str) -> Json:
        return {"status": "nobody_there", "hours": HOURS, "note": "..."}

    def create_callback_request(self, note: str, **more: Any) -> Json:
        return {"status": "accepted"}


@pytest.fixture
def conversation(shop_clock: Any) -> Conversation:
    talk = Conversation(Closed(shop_clock), shop_clock.today())
    talk.tools = TOOLS | {"create_callback_request"}
    return talk


def test_a_call_back_is_taken(conversation: Conversation) -> None:
    offer = conversation.say("З'єднайте з оператором")
    assert HOURS in offer
    assert offer.endswith("Передзвонити вам?")
    assert "Коли вам зручно" in conversation.say("Так, будь ласка")
    assert "передзвонимо" in conversation.say("Після шостої, мене звати Олена")
    name, asked = conversation.used[-1]
    assert name == "create_callback_request"
    assert asked["preferred_time"] == "Після шостої, мене звати Олена"
    assert asked["name"] == "Олена"
    assert "number" not in asked


def test_a_time_that_was_said_is_not_asked_for(conversation: Conversation) -> None:
    conversation.say("Дайте оператора")
    conversation.say("Так, завтра о десятій, на 067 123 45 67")
    name, asked = conversation.used[-1]
    assert (name, asked["number"]) == ("create_callback_request", "0671234567")


def test_who_does_not_want_it_goes_on(conversation: Conversation) -> None:
    conversation.say("Дайте оператора")
    conversation.say("Ні, не треба")
    assert [name for name, _ in conversation.used] == ["transfer_to_operator"]
    assert "зимов" in conversation.say("Потрібні зимові шини 205/55 R16")
