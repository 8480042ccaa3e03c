"""What needs no application: languages, charts, waterfalls, forms, differences."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import pytest

from engine.call.states import Outcome, State
from engine.call.watchdog import Alarm
from engine.call.waterfall import STAGES
from engine.dialogue.agent_events import Ungrounded
from engine.dialogue.grounding import Kind
from engine.dialogue.judge import CRITERIA
from engine.dialogue.tools.state import TransferReason
from engine.knowledge.articles import CATEGORIES
from engine.pbx.admission import REASONS
from engine.pbx.operators import Transferred
from engine.records.cost import TOKENS
from engine.records.recovery import INTERRUPTED
from engine.records.scenario import BY_TOOL, WITHOUT_RESULT
from engine.web.console.charts import columns, lines, round_up
from engine.web.console.forms import local
from engine.web.console.languages import LANGUAGES, chosen, words
from engine.web.console.pages.calls import OUTCOMES
from engine.web.console.pages.prompts import difference, given_shares
from engine.web.console.waterfall import waterfall
from ops.jobs.table import JOBS

ENGINE = Path(__file__).parents[2] / "engine"
TEMPLATES = ENGINE / "web/console/templates"


def written(where: str, pattern: str) -> set[str]:
    """The words that stand there in the code, at the places where something is put on record."""
    files = sorted((ENGINE / where).rglob("*.py")) or [ENGINE / where]
    found = {word for file in files for word in re.findall(pattern, file.read_text())}
    assert found, "the code has changed: nothing stands there"
    return found


KEEPER = "call/record_keeper.py"
PARTS = written("call", r'\.(?:broken|failed)\("(\w+)"') | written("call", r'\.broken\(.* else "(\w+)"')
CLOSINGS = written("transport/audiosocket.py", r'_end\("(\w+)"')
ENDINGS = written("call", r'(?:Ending|_hand_over)\(Outcome\.\w+, "(\w+)"')
STATUSES = written("web/console", r"HTTPStatus\.([A-Z_]+)") | written("web/auth", r"HTTPStatus\.([A-Z_]+)")
NAMED: dict[str, Iterable[str]] = {
    "outcome": OUTCOMES, "state": list(State), "stage": STAGES, "category": CATEGORIES, "reason": REASONS,
    "scenario": [*BY_TOOL.values(), *WITHOUT_RESULT], "job": list(JOBS),
    "event": written(KEEPER, r'story\.at\([\w.]+\), "(\w+)"') - {"waterfall"},
    "detail": [
        *written(KEEPER, r'"(\w+)": (?:list\()?event\.'), *get_args(TransferReason.__value__), *Alarm, *Transferred,
        *Kind, *PARTS, *(f"{part}_failed" for part in PARTS), *CLOSINGS, *ENDINGS,
        *written("call", r'\.interrupted\("(\w+)"'), *get_args(Ungrounded.__annotations__["outcome"]),
    ],
    "cost": [*written("records/cost.py", r'Line\("(\w+)"'), *(f"model_{kind}" for kind in TOKENS)],
    "unit": written("records/cost.py", r'Line\(.*, "(\w+)", '),
    "quality": [*CRITERIA, "note", "error"], "purpose": ["dialogue", "quality"],
    "error": {str(HTTPStatus[name].value) for name in STATUSES | {"METHOD_NOT_ALLOWED", "REQUEST_TIMEOUT", "NOT_FOUND"}
              if HTTPStatus[name].is_client_error or HTTPStatus[name].is_server_error},
}  # fmt: skip
"""By group, what there is to be named: from the code that puts it there, so that a new one is missed here."""


def test_every_language_has_every_text() -> None:
    first, *others = [words(code).texts for code in LANGUAGES]
    for other in others:
        assert other.keys() == first.keys()
        for name, text in first.items():
            assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", other[name])), name


def test_every_text_that_a_template_asks_for_is_there() -> None:
    asked = {
        name
        for path in TEMPLATES.glob("*.html")
        for name in re.findall(r'\bt\(["\']([a-z_.]+\w)["\']', path.read_text())
    }
    assert len(asked) > 100
    assert asked <= words("uk").texts.keys()


@pytest.mark.parametrize("group", NAMED)
def test_what_the_records_say_has_a_name(group: str) -> None:
    for code in LANGUAGES:
        assert not [each for each in NAMED[group] if f"{group}.{each}" not in words(code).texts]


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("en", "uk", "en"), (None, "uk-UA,uk;q=0.9,en;q=0.8", "uk"), (None, "en-GB", "en"),
        (None, "de,en;q=0.5,uk;q=0.4", "en"), (None, "de", "uk"), (None, "", "uk"), ("xx", "en", "en"),
        (None, "en;q=zero,uk;q=0.1", "uk"),
    ],
)  # fmt: skip
def test_the_language_is_the_chosen_one_or_what_the_browser_prefers(
    cookie: str | None, accepted: str, language: str
) -> None:
    assert chosen(cookie, accepted) == language


def test_a_call_can_be_looked_for_by_whatever_outcome_is_on_record() -> None:
    assert set(OUTCOMES) == {*Outcome, INTERRUPTED}


def test_columns_fill_the_square() -> None:
    chart = columns([("a", 0), ("b", 10), ("c", 20)])
    assert chart.top == 20
    assert [(each.y, each.height) for each in chart.columns] == [(100, 0), (50, 50), (0, 100)]
    assert all(each.x >= 0 and each.x + each.width <= 100 for each in chart.columns)
    assert columns([]).columns == []


def test_a_day_without_answers_is_a_gap_in_the_line() -> None:
    chart = lines(["a", "b", "c"], [[100, None, 200], [None, None, 200]])
    assert chart.points == [["16.667,50.000", "83.333,0.000"], ["83.333,0.000"]]
    assert chart.rows() == [("a", (100, None)), ("c", (200, 200))]


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (3, 5), (11, 20), (999, 1000), (1001, 2000)])
def test_the_upper_edge_is_a_round_number(value: float, top: float) -> None:
    assert round_up(value) == top


def test_a_waterfall_has_its_steps_in_order_and_the_filler_aside() -> None:
    made = waterfall(3, {"final": 200, "end_of_turn": 250, "first_token": 240, "filler": 600, "first_audio": 900})
    assert made is not None
    assert [(each.stage, each.milliseconds) for each in made.stretches] == [
        ("final", 200), ("end_of_turn", 50), ("first_token", 0), ("first_audio", 650),
    ]  # fmt: skip
    assert (made.total, made.filler, made.x(450, 900)) == (900, 600, 50)
    assert waterfall(1, {}) is None


@pytest.mark.parametrize("path", ["https://evil.example", "//evil", "/console", "/console/\\e", "/console/\n", ""])
def test_one_is_sent_on_only_within_the_console(path: str) -> None:
    assert local(path, "/console/live") == "/console/live"


def test_a_difference_tells_what_came_and_went() -> None:
    found = difference("a\nb\nc", "a\nB\nc\nd")
    assert [(each.kind, each.text) for each in found if each.kind != "skipped"] == [
        ("same", "a"), ("removed", "b"), ("added", "B"), ("same", "c"), ("added", "d"),
    ]  # fmt: skip
    assert not difference("a", "a")


@pytest.mark.parametrize(
    ("form", "shares"),
    [
        ({"share.a": "25", "share.b": "", "csrf": "x"}, {"a": 0.25}), ({"share.a": "12,5"}, {"a": 0.125}),
        ({"share.a": "-1"}, None), ({"share.a": "101"}, None), ({"share.a": "nan"}, None), ({"share.a": "x"}, None),
    ],
)  # fmt: skip
def test_shares_come_in_per_cent(form: dict[str, str], shares: dict[str, float] | None) -> None:
    assert given_shares(form) == shares
