"""Quantities times prices, to the millionth."""

from decimal import Decimal

import pytest

from engine.config import CostConfig
from engine.prices import ModelPrice
from engine.records.cost import Bill, price_of, speech, tokens, total, voice

PRICES = CostConfig.model_validate(
    {
        "speech_minute": "0.016", "voice_million_characters": "30",
        "models": "small=1/5/0.10/1.25,small-2=2/10/0.2/2.5",
    }
)  # fmt: skip


def test_each_part_has_its_price() -> None:
    assert speech(PRICES, 90).cost == Decimal("0.024")
    assert voice(PRICES, 1000).cost == Decimal("0.03")
    counts = {"input": 1_000_000, "output": 200_000, "cache_read": 1_000_000, "cache_write": 100_000}
    costs = {line.part: line.cost for line in tokens(PRICES, "small", counts)}
    assert costs == {
        "model_input": 1, "model_output": 1, "model_cache_read": Decimal("0.1"), "model_cache_write": Decimal("0.125"),
    }  # fmt: skip


def test_a_bill_adds_up_and_says_at_what_price() -> None:
    bill = Bill()
    for _ in range(3):
        bill.add(speech(PRICES, 0.1))
    bill.add(voice(PRICES, 7))
    assert bill.total == total([speech(PRICES, 0.3), voice(PRICES, 7)])
    assert bill.breakdown()["speech"] == {"quantity": 0.3, "unit": "second", "price": 0.016, "per": 60, "cost": 8e-5}
    assert sum(Decimal(str(line["cost"])) for line in bill.breakdown().values()) == bill.total


def test_tokens_of_a_kind_not_used_are_no_part() -> None:
    assert [line.part for line in tokens(PRICES, "small", {"input": 5, "output": 0})] == ["model_input"]


@pytest.mark.parametrize(
    ("model", "priced_as"),
    [
        ("small", "small"),
        ("small-20260101", "small"),
        ("small-2-latest", "small-2"),
        ("small-3", None),
        ("large", None),
    ],
)
def test_a_dated_model_costs_what_its_family_does(model: str, priced_as: str | None) -> None:
    price = price_of(PRICES, model)
    assert (price.model if price else None) == priced_as


def test_a_model_without_a_price_costs_nothing_and_its_line_says_so() -> None:
    bill = Bill()
    for line in tokens(PRICES, "large", {"input": 1_000_000}):
        bill.add(line)
    assert bill.total == 0
    assert bill.breakdown()["model_input"]["price"] is None


@pytest.mark.parametrize("written", ["small", "a=1/2/3", "a=1/2/x/4", "=1/2/3/4", "a=1/2/3/-4", "a=1/2/3/nan"])
def test_a_price_that_is_none(written: str) -> None:
    with pytest.raises(ValueError, match="write model=input/output"):
        ModelPrice.parse(written)


def test_a_price_reads_as_it_is_written() -> None:
    written = "claude-haiku-4-5=1/5/0.10/1.25"
    assert str(ModelPrice.parse(written)) == written
