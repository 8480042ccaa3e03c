"""Questions as callers ask them, in both languages, find the right article; others find nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.knowledge.articles import load_articles
from engine.knowledge.search import KnowledgeSearch
from engine.knowledge.stems import similar, stem, stems

SEARCH = KnowledgeSearch(load_articles(Path(__file__).parents[2] / "ops" / "seed" / "knowledge"))


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Скільки коштує доставка?", "Доставка"),
        ("когда привезут заказ", "Доставка"),
        ("чи є самовивіз", "Доставка"),
        ("Можно ли заплатить картой?", "Оплата"),
        ("оплата наличными", "Оплата"),
        ("чи можна в розстрочку", "Оплата"),
        ("Як повернути шини?", "Повернення"),
        ("возврат товара", "Повернення"),
        ("гарантия на шины", "Гарантія"),
        ("у мене грижа на шині", "Гарантія"),
        ("записатися на шиномонтаж", "Шиномонтаж"),
        ("хранение шин зимой", "Сезонне зберігання"),
        ("как читать размер шины", "Як прочитати"),
        ("що означають цифри на шині", "Як прочитати"),
        ("Коли міняти шини на зимові?", "Коли міняти"),
        ("когда менять резину на летнюю", "Коли міняти"),
        ("какой производитель лучше", "Бренди"),
        ("шипы или липучка", "Шиповані"),
    ],
)
def test_the_right_article_comes_first(question: str, title: str) -> None:
    passages = SEARCH.search(question)
    assert passages
    assert passages[0].title.startswith(title)
    assert passages[0].text


@pytest.mark.parametrize(
    "question",
    ["", "???", "рецепт борщу", "яка завтра погода", "расскажи анекдот", "курс долара", "хто президент", "привіт"],
)
def test_nothing_is_found_where_nothing_is(question: str) -> None:
    assert SEARCH.search(question) == []


def test_a_category_comes_first_and_hides_nothing() -> None:
    assert SEARCH.search("міняти шини на зимові", "comparisons")[0].category == "comparisons"
    assert SEARCH.search("гарантія на шини", "payment")[0].category == "warranty"


def test_limit_and_order() -> None:
    passages = SEARCH.search("шини", limit=2)
    assert len(passages) == 2
    assert passages[0].score >= passages[1].score


def test_an_empty_base_finds_nothing() -> None:
    assert KnowledgeSearch(()).search("доставка") == []


@given(st.text())
def test_any_question_is_survived(question: str) -> None:
    assert all(0 < passage.score <= 1 for passage in SEARCH.search(question))


@pytest.mark.parametrize(
    ("one", "other"),
    [("доставка", "доставки"), ("гарантія", "гарантию"), ("зимові", "зимних"), ("розмір", "размер"), ("шини", "шину")],
)
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert similar(*stems(f"{one} {other}"))


@pytest.mark.parametrize(("one", "other"), [("шини", "шипи"), ("оплата", "доставка"), ("збір", "зима"), ("16", "17")])
def test_other_words_do_not(one: str, other: str) -> None:
    assert not similar(stem(one), stem(other))
