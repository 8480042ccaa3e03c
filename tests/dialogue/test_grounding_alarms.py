"""No false alarms: what the shop's own articles and catalogue say passes the gate, in digits and in words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.dialogue.grounding import Gate
from engine.dialogue.prompts import load
from engine.dialogue.sentences import SentenceSplitter
from engine.speech.verbalize import verbalize
from ops.emulators.assistant.phrases import pieces, price
from ops.seed.catalogue import Tire, load_catalogue
from tests.dialogue.grounded_call import TODAY, gate

ARTICLES = sorted((Path(__file__).parents[2] / "ops/seed/knowledge").glob("*.md"))
OFFERS = 5
"""As many as a search shows."""


def sentences(text: str) -> Sequence[str]:
    splitter = SentenceSplitter()
    return (*splitter.push(" ".join(text.split())), *splitter.flush())


def alarms(opened: Gate, said: Sequence[str]) -> list[str]:
    return [sentence for sentence in said if opened.ungrounded(sentence)]


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_an_article_may_be_quoted(path: Path) -> None:
    _, _, text = path.read_text(encoding="utf-8").split("---\n", 2)
    passages = {"passages": [{"title": path.stem, "text": text}]}
    said = sentences(text)
    assert alarms(gate(passages), said) == []
    assert alarms(gate(passages), [verbalize(sentence) for sentence in said]) == []


def offer(tire: Tire) -> dict[str, Any]:
    return {"brand": tire.brand, "model": tire.model, "size": tire.size, "season": tire.season, "price": tire.price,
            "stock_quantity": tire.stock_quantity}  # fmt: skip


def test_every_tyre_of_the_catalogue_may_be_offered() -> None:
    tires = load_catalogue().tires
    for start in range(0, len(tires), OFFERS):
        shown = tires[start : start + OFFERS]
        opened = gate({"tires": [offer(tire) for tire in shown], "total": len(tires)})
        for tire in shown:
            name, stock = tire.name, pieces(tire.stock_quantity)
            said = (
                f"Є {name} за {price(tire.price)}, на складі {stock}.",
                f"{name}: {price(tire.price)} за штуку, комплект {price(4 * tire.price)}.",
                f"Дві таких шини коштують {price(2 * tire.price)}, у наявності {stock}.",
            )
            assert alarms(opened, said) == []
            assert alarms(opened, [verbalize(sentence) for sentence in said]) == []


def test_places_services_and_contracts_of_the_catalogue_may_be_named() -> None:
    rest = load_catalogue().rest
    places = [*rest["pickup_points"], *rest["stations"]]
    assert (
        alarms(gate({"stations": places}), [f"Чекаємо вас: {each['name']}, {each['address']}." for each in places])
        == []
    )
    for service in rest["fitting_prices"]:
        for diameter, amount in service["prices_by_diameter"].items():
            opened = gate({"prices": [{"label": f"{service['label']}, R{diameter}", "price": amount}]})
            assert alarms(opened, [f"{service['label']}, R{diameter} — {price(amount)}."]) == []
    for contract in rest["storage_contracts"]:
        said = f"За договором {contract['number']} у нас {contract['items']} до {contract['stored_until']}."
        assert alarms(gate({"contracts": [contract]}), [said]) == []


def test_what_the_bot_knows_by_heart_claims_nothing() -> None:
    assert alarms(Gate(TODAY), load("uk").fixed_phrases()) == []
