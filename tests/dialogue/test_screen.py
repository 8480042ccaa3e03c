"""Sentences on their way to the voice: each is judged with the piece of it that has left already."""

from engine.dialogue.grounding import Kind
from engine.dialogue.screen import Screen
from tests.dialogue.grounded_call import gate

BEGINNING = "На нашому складі в Києві такі шини зараз справді є,"


def test_the_rest_of_a_sentence_is_judged_with_its_beginning() -> None:
    screen = Screen(gate({"total_quantity": 12}))
    assert screen.push(f"{BEGINNING} аж тридцять сім штук у наших двох магазинах.") == [BEGINNING]
    assert screen.flush() == []
    assert screen.held is not None
    assert screen.held.kinds == (Kind.STOCK,)


def test_the_next_sentence_begins_anew() -> None:
    screen = Screen(gate({"total_quantity": 12}))
    said = f"{BEGINNING} аж дванадцять штук у наших двох магазинах. Візьміть собі тридцять сім штук."
    assert [*screen.push(said), *screen.flush()][1:] == [
        "аж дванадцять штук у наших двох магазинах.",
        "Візьміть собі тридцять сім штук.",
    ]


def test_a_question_may_leave_before_its_mark() -> None:
    screen = Screen(gate())
    said = "Вам зручніше приїхати до нас завтра зранку, чи краще записати вас на четвер увечері?"
    assert " ".join([*screen.push(said), *screen.flush()]) == said
    assert screen.held is None
