"""Words as the search compares them, and how they sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.knowledge.stems import similar, stem, stems
from engine.knowledge.words import lexemes, sound, tsquery, tsvector


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("доставка", "доставки"), ("гарантія", "гарантию"), ("зимові", "зимних"), ("розмір", "размер"),
        ("шини", "шину"), ("замовлення", "замовити"), ("замовив", "замовляв"), ("відправили", "відправка"),
        ("клієнтів", "клієнт"), ("липучка", "липучок"), ("записатися", "запис"), ("ремонтуєте", "ремонт"),
        ("виробник", "виробників"), ("перевзути", "переобуться"), ("перевзування", "шиномонтаж"),
        ("знаходитеся", "адреса"), ("Киев", "у Києві"),
        ("Харьков", "у Харкові"), ("Днепр", "у Дніпрі"), ("Львов", "у Львові"), ("Одесса", "в Одесі"),
        ("Запорожье", "у Запоріжжі"), ("покрышка", "шини"), ("закрываетесь", "зачинено"), ("воскресенье", "неділя"),
    ],
)  # fmt: skip
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert similar(*stems(f"{one} {other}"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("шини", "шипи"), ("оплата", "доставка"), ("збір", "зима"), ("16", "17"), ("перевзути", "перевірка"),
        ("перевести", "перевзути"), ("доставка", "достатньо"), ("повернути", "поверх"), ("переказ", "перекачана"),
        ("квартира", "квартал"), ("передні", "передати"), ("передоплата", "передгір'я"), ("прострочена", "простий"),
        ("неділя", "неделя"),
    ],
)  # fmt: skip
def test_other_words_do_not(one: str, other: str) -> None:
    assert not similar(stem(one), stem(other))
    assert not similar(*stems(f"{one} {other}"))


@pytest.mark.parametrize(
    ("one", "other"), [("балансіровка", "балансировка"), ("горантія", "гарантія"), ("мишлен", "мішлен")]
)
def test_what_is_misheard_sounds_the_same(one: str, other: str) -> None:
    assert sound(stem(one)) == sound(stem(other))


def test_the_heading_is_marked() -> None:
    assert tsvector("Доставка", "Доставка шин") == "'доставк':1A 'доставк':2 'шин':3"
    assert tsquery(["доставк", "шин"], "A") == "'доставк':A | 'шин':A"


@given(st.text())
def test_a_lexeme_needs_no_escape(text: str) -> None:
    assert all(lexeme.isalnum() and len(lexeme.encode()) < 2046 for lexeme in lexemes(text))
