"""Phone normalisation: a table of spellings, and what it never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pbx.phone import normalize_phone


@pytest.mark.parametrize(
    "number",
    ["+380671234567", "380671234567", "00380671234567", "0671234567", "80671234567", "8 067 123-45-67",
     "(067) 123 45 67", "+38 (067) 123-45-67", "067.123.45.67", " 067–123–45–67 "],
)  # fmt: skip
def test_spellings_of_one_number(number: str) -> None:
    assert normalize_phone(number) == "+380671234567"


@pytest.mark.parametrize(
    "number",
    [None, "", "anonymous", "Anonymous", "101", "+4915112345678", "067123456", "06712345678", "+380071234567",
     "0671234567;ext=1", "٠٦٧١٢٣٤٥٦٧"],
)  # fmt: skip
def test_what_is_no_ukrainian_number(number: str | None) -> None:
    assert normalize_phone(number) is None


@given(st.text(alphabet="0123456789+-() абвxyz", max_size=20))
def test_the_result_is_canonical_and_stable(number: str) -> None:
    phone = normalize_phone(number)
    if phone is not None:
        assert phone.startswith("+380")
        assert len(phone) == 13
        assert normalize_phone(phone) == phone
