"""A number in any notation, and nothing that only resembles it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records.phone_traces import MASK, scrub, traces_of

PHONE = "+380671234567"
TRACES = re.compile(traces_of(PHONE))
WRITTEN = [
    PHONE, "380671234567", "00380671234567", "80671234567", "0671234567", "671234567", "067 123 45 67", "067-123-45-67",
    "(067) 123-45-67", "+38 (067) 123 45 67", "+38\u00a0067\u00a0123\u00a045\u00a067", "067.123.45.67",
    "0 6 7 1 2 3 4 5 6 7",
    "0, 6, 7, 1, 2, 3, 4, 5, 6, 7", "0 6 7... 123, 45 – 67", "8 067 123 4567", "067/1234567", "067\n123\n45\n67",
]  # fmt: skip
OTHERS = ["0671234568", "0681234567", "10671234567", "06712345678", "067 123", "205/55 R16", "2026-11-22 19:00:00"]


@pytest.mark.parametrize("written", WRITTEN)
def test_it_is_found_however_it_is_written(written: str) -> None:
    scrubbed = scrub(f"мій номер {written}, дякую", TRACES)
    assert scrubbed.endswith(f"{MASK}, дякую")
    assert not re.search(r"\d", scrubbed)


@pytest.mark.parametrize("text", OTHERS)
def test_what_only_resembles_it_stays(text: str) -> None:
    assert scrub(text, TRACES) == text


def test_json_keeps_its_shape() -> None:
    document = {
        "phone": PHONE,
        "n": 380671234567,
        "ok": True,
        "price": 2350.5,
        "0671234567": [None, {"a": "067 1234567"}],
    }
    clean = {"phone": "+***", "n": MASK, "ok": True, "price": 2350.5, MASK: [None, {"a": MASK}]}
    assert scrub(document, TRACES) == clean


@given(st.lists(st.sampled_from(["", " ", "-", ", ", " – ", "\u00a0"]), min_size=9, max_size=9), st.booleans())
def test_any_mixture_of_separators(separators: list[str], country: bool) -> None:
    spelled = "".join(digit + gap for digit, gap in zip("067123456", separators, strict=True)) + "7"
    assert scrub(("38 " if country else "") + spelled, TRACES) == MASK
