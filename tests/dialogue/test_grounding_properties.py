"""A value of the data is grounded in whatever notation it is said; with one digit changed it is not."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import assume, given
from hypothesis import strategies as st

from engine.dialogue.grounding import Gate
from engine.speech.verbalize import verbalize
from engine.speech.verbalize.numerals import words
from tests.dialogue.grounded_call import TODAY, gate

type Say = Callable[[str], str]
_IN_DIGITS: Final[Say] = str
SPELT: Final = st.sampled_from((_IN_DIGITS, verbalize))
"""As the model writes it, and as the voice would say it."""
_MONTHS: Final = words("січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня")

prices = st.integers(101, 49_999)
days = st.integers(0, 300).map(lambda ahead: TODAY + timedelta(days=ahead))
times = st.tuples(st.integers(0, 23), st.integers(0, 11)).map(lambda time: f"{time[0]:02d}:{time[1] * 5:02d}")
sizes = st.tuples(
    st.integers(27, 65).map(lambda n: 5 * n), st.integers(5, 16).map(lambda n: 5 * n), st.integers(13, 22)
)
orders = st.integers(1000, 999_999).map(str)
phones = st.integers(0, 10**9 - 1).map(lambda n: f"0{n:09d}")


def changed(draw: st.DrawFn, digits: str) -> str:
    """The same with one digit another; the first stays no zero."""
    at = draw(st.integers(0, len(digits) - 1))
    others = set("0123456789"[at == 0 :]) - {digits[at]}
    return f"{digits[:at]}{draw(st.sampled_from(sorted(others)))}{digits[at + 1 :]}"


changed_digit = st.composite(changed)


def grounded(of: Gate, sentence: str) -> bool:
    return of.ungrounded(sentence) == ()


@given(price=prices, spelt=SPELT, said=st.data())
def test_a_price(price: int, spelt: Say, said: st.DataObject) -> None:
    shop = gate({"price": price})
    form = said.draw(st.sampled_from(("{} грн", "{} гривень", "{:,} грн", "{},00 грн")))
    assert grounded(shop, spelt(f"Ціна {form.format(price).replace(',', ' ' if ':' in form else ',')}."))
    other = int(said.draw(changed_digit(str(price))))
    assume(other != 4 * price)
    assert not grounded(gate({"price": price}), spelt(f"Ціна {other} грн."))


@given(price=st.integers(10_001, 4_999_999), spelt=SPELT)
def test_a_price_with_kopecks(price: int, spelt: Say) -> None:
    hryvnias, kopecks = divmod(price, 100)
    shop = gate({"price": price / 100})
    assert grounded(shop, spelt(f"Ціна {hryvnias},{kopecks:02d} грн."))
    assert grounded(shop, spelt(f"Ціна {hryvnias} грн {kopecks} коп."))


@given(price=prices, pieces=st.integers(2, 20), delivery=st.integers(50, 900))
def test_what_may_be_reckoned(price: int, pieces: int, delivery: int) -> None:
    shop = gate({"price": price}, {"delivery_cost": delivery})
    total = price * pieces
    assert grounded(shop, f"{pieces} штук — це {total} грн, з доставкою {total + delivery} грн.")
    assume((delivery + 1) % price and 1 % price)
    assert not grounded(gate({"price": price}, {"delivery_cost": delivery}), f"Разом {total + delivery + 1} грн.")


@given(day=days, spelt=SPELT, said=st.data())
def test_a_date(day: date, spelt: Say, said: st.DataObject) -> None:
    shop = gate({"date": day.isoformat()})
    forms = (f"{day.day} {_MONTHS[day.month - 1]}", f"{day:%d.%m.%Y}", f"{day:%d.%m}", day.isoformat())
    assert grounded(shop, spelt(f"Вільно {said.draw(st.sampled_from(forms))}."))
    other = said.draw(days.filter(lambda each: each != day))
    assert not grounded(shop, spelt(f"Вільно {other.day} {_MONTHS[other.month - 1]}."))


@given(time=times, other=times, spelt=SPELT)
def test_a_time(time: str, other: str, spelt: Say) -> None:
    shop = gate({"time": time})
    assert grounded(shop, spelt(f"Вільно о {time}."))
    assume((int(time[:2]) - int(other[:2])) % 12 or time[2:] != other[2:])
    assert not grounded(shop, spelt(f"Вільно о {other}."))


@given(size=sizes, other=sizes, spelt=SPELT, said=st.data())
def test_a_size(size: tuple[int, ...], other: tuple[int, ...], spelt: Say, said: st.DataObject) -> None:
    width, profile, rim = size
    forms = ("{}/{} R{}", "{}/{}R{}", "{} на {} R{}", "{} {} {}", "{} на {} радіус {}")
    form = said.draw(st.sampled_from(forms))
    assert grounded(gate({"size": f"{width}/{profile} R{rim}"}), spelt(f"Розмір {form.format(*size)}."))
    assert grounded(gate(said=(spelt(f"шини {form.format(*size)}"),)), f"Розмір {width}/{profile} R{rim}.")
    assume(size != other)
    assert not grounded(gate({"size": "{}/{} R{}".format(*other)}), spelt(f"Розмір {width}/{profile} R{rim}."))


@given(number=orders, spelt=SPELT, said=st.data())
def test_an_order(number: str, spelt: Say, said: st.DataObject) -> None:
    assert grounded(gate({"order_number": number}), spelt(f"Замовлення № {number} підтверджено."))
    assert grounded(gate({"order_number": f"ORD-{number}"}), spelt(f"Номер {number}."))
    other = said.draw(changed_digit(number))
    assert not grounded(gate({"order_number": number}), spelt(f"Замовлення № {other} підтверджено."))


@given(phone=phones, spelt=SPELT, said=st.data())
def test_a_phone(phone: str, spelt: Say, said: st.DataObject) -> None:
    written = f"{phone[:3]} {phone[3:6]} {phone[6:8]} {phone[8:]}"
    assert grounded(gate({"phone": f"+38{phone}"}), spelt(f"Телефонуйте: {written}."))
    other = "0" + said.draw(changed_digit(phone[1:]))
    assert not grounded(gate({"phone": f"+38{phone}"}), f"Телефонуйте: {other}.")


@given(pieces=st.integers(1, 200), spelt=SPELT, said=st.data())
def test_stock(pieces: int, spelt: Say, said: st.DataObject) -> None:
    other = said.draw(st.integers(1, 200).filter(lambda each: each != pieces))
    assert grounded(gate({"total_quantity": pieces}), spelt(f"На складі {pieces} шт."))
    assert not grounded(gate({"total_quantity": pieces}), spelt(f"На складі {other} шт."))


leaves = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20)
answers = st.dictionaries(st.text(max_size=5), leaves | st.lists(leaves, max_size=3), max_size=3)


@given(value=answers, sentence=st.text(max_size=60))
def test_nothing_said_or_found_breaks_it(value: Any, sentence: str) -> None:
    gate(value, said=(sentence,), context=sentence).ungrounded(sentence)


@given(sentence=st.text(alphabet="0123456789 .,:/-№%R+грншо«»дваістотисяч", max_size=60))
def test_what_the_caller_said_may_be_said_back(sentence: str) -> None:
    said = " ".join(sentence.split())
    if said:
        assert grounded(gate(said=(said,)), said)
