"""A yes is a yes, a read-back is what was heard."""

from decimal import Decimal

import pytest

from engine.dialogue.tools.consent import ReadBack, meaning
from engine.dialogue.tools.stages import Event

NAMES = ("Nokian Hakkapeliitta R5 215/55 R17",)


@pytest.mark.parametrize(
    "words",
    ["Так", "так, підтверджую.", "Да, оформляйте", "Ага", "Добре, дякую", "Согласна",
     "Так, все вірно, мене звати Олена", "угу", "Гаразд, замовляю", "я не проти, так", "Конечно, подтверждаю", "Окей"],
)  # fmt: skip
def test_a_yes(words: str) -> None:
    assert meaning(words) is Event.SAID_YES


@pytest.mark.parametrize(
    "words",
    ["Ні", "нет, спасибо", "Так, але на іншу адресу", "Добре, тільки дві штуки", "Не треба", "Зачекайте", "стоп",
     "Да, но адрес другой", "Я передумав", "Так... ні, скасуйте", "Давайте краще чотири", "неправильно",
     "Хочу поменять"],
)  # fmt: skip
def test_a_no_or_a_change(words: str) -> None:
    assert meaning(words) is Event.SAID_NO


@pytest.mark.parametrize(
    "words", ["", "Олена", "А коли привезуть?", "Так, а скільки це коштує", "Київ, Хрещатик двадцять два", "тактика"]
)
def test_neither(words: str) -> None:
    assert meaning(words) is Event.SAID_OTHER


@pytest.mark.parametrize("said", ["9 400 грн", "9400 гривень", "9\u00a0400,50 грн", "Разом 9400.", "сума: 9\u202f400"])
def test_the_total_in_any_spelling(said: str) -> None:
    assert ReadBack().hearing(said, names=NAMES, total=Decimal("9400.50"), place="Київ").total


@pytest.mark.parametrize("said", ["94 000 грн", "19 400 грн", "9 401 грн", "940 гривень", "94 шини по 00 грн", ""])
def test_another_number_is_not_the_total(said: str) -> None:
    assert not ReadBack().hearing(said, names=NAMES, total=Decimal("9400.50"), place="Київ").total


def test_a_size_beside_the_total_does_not_hide_it() -> None:
    said = "Чотири шини Nokian 215/55 R17, разом 9 400 грн"
    assert ReadBack().hearing(said, names=NAMES, total=Decimal(9400), place="Київ").total


def test_parts_add_up_over_sentences() -> None:
    heard = ReadBack()
    for sentence, missing in (
        ("Отже, чотири Nokian Hakkapeliitta.", ("суму в гривнях", "доставку")),
        ("Разом 9 400 грн.", ("доставку",)),
        ("Веземо до Києва, Хрещатик 22. Усе правильно?", ()),
    ):
        heard = heard.hearing(sentence, names=NAMES, total=Decimal(9400), place="Київ Хрещатик 22")
        assert heard.missing == missing
    assert heard.complete


def test_small_talk_reads_nothing_back() -> None:
    heard = ReadBack().hearing("Хвилинку, перевіряю.", names=NAMES, total=Decimal(9400), place="Київ")
    assert heard == ReadBack()
