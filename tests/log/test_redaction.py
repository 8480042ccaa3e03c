"""What must not be logged, what must stay whole, and that masking can be repeated."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.redaction import mask_name, mask_phone, mask_text, sanitize

MASKED = "+38067***4567"


@pytest.mark.parametrize(
    "spelling",
    ["+380671234567", "380671234567", "0671234567", "80671234567", "067 123 45 67", "067-123-45-67",
     "(067) 123-45-67", "+38 (067) 123-45-67", "+38(067)1234567", "067.123.45.67", "0 6 7 1 2 3 4 5 6 7",
     "067 123 4567",
     "+38067 1234567"],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "номер {}.", "тел.{},", '{{"phone": "{}"}}', "call_{}_x", "від{}до", "to={}"])
def test_phones_in_text(spelling: str, around: str) -> None:
    masked = mask_text(around.format(spelling))
    assert MASKED in masked
    assert "123" not in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+4915112345678", "+49151***5678"),
        ("write to ivan.petrenko@gmail.com now", "write to i***@g*** now"),
        ("Мене звати Іван", "Мене звати І***"),
        ("алло, мене звати Іван Петренко, хочу шини", "алло, мене звати І*** П***, хочу шини"),
        ("мене звати іван хочу шини", "мене звати і*** хочу шини"),
        ("меня зовут Мар'яна", "меня зовут М***"),
        ("Hi, my name is John Smith.", "Hi, my name is J*** S***."),
        ("моє ім'я Олег", "моє ім'я О***"),
        ("postgresql://callctl:hunter2@db/callctl", "postgresql://***@db/callctl"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("sent Bearer abc.def", "sent Bearer ***"),
        ("api_key=abc&x=1", "api_key=***&x=1"),
        ('{"password": "hunter2"}', '{"password": "***"}'),
        ("key sk-ant-api03-abcdefghijkl is bad", "key *** is bad"),
    ],
)
def test_other_private_things_in_text(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    ["205/55 R16", "4 шт. по 3 250,00 грн, разом 13 000,00", "ORD-2026-004512", "замовлення 1234567890",
     "01.05.2026 10:30", "2026-11-22T15:27:00.067123+02:00", "2026-05-09 10:12:00", "took 0.0671234567 s",
     "0.95 0.87 0.3333",
     "550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-380671234567", "1763825220.067123",
     "a3c1e0671234567f", "first_token_ms 300, tokens: 50", "192.168.0.1:9092", "PJSIP/trunk-00000067",
     "у мене звичайна",
     "4006381333931", "port 0", "R17 XL 98V"],
)  # fmt: skip
def test_what_stays_whole(text: str) -> None:
    assert mask_text(text) == text


def test_values_by_key() -> None:
    record = {
        "event": "order_created",
        "name": "Іван Петренко",
        "customer_name": "Олена",
        "address": "Київ, вул. Хрещатик 1",
        "api_key": "abc",
        "Authorization": "Bearer abc",
        "access_token": "abc",
        "max_tokens": 400,
        "phone": "+38 067 123 45 67",
        "caller": "101",
        "total": 13000.5,
        "items": [{"name": "Michelin", "quantity": 4, "note": "дзвонити 0671234567"}],
    }
    assert sanitize(record) == {
        "event": "order_created",
        "name": "І*** П***",
        "customer_name": "О***",
        "address": "***",
        "api_key": "***",
        "Authorization": "***",
        "access_token": "***",
        "max_tokens": 400,
        "phone": MASKED,
        "caller": "101",
        "total": 13000.5,
        "items": [{"name": "M***", "quantity": 4, "note": f"дзвонити {MASKED}"}],
    }


def test_other_objects_become_masked_text() -> None:
    uuid = UUID("00000000-0000-0000-0000-380671234567")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert sanitize(ValueError("0671234567")) == MASKED
    assert sanitize(uuid) == str(uuid)
    assert sanitize(now) == now.isoformat()
    assert sanitize(380671234567) == MASKED
    assert sanitize({"0671234567": 1}) == {MASKED: 1}


def test_a_structure_without_end_is_cut_off() -> None:
    endless: dict[str, object] = {}
    endless["self"] = endless
    assert "***" in str(sanitize(endless))


NATIONAL = st.from_regex(r"0[3-9][0-9]{8}", fullmatch=True)
CALM = st.text(alphabet="абвгґ ,!?", max_size=20)


@given(NATIONAL, st.lists(st.sampled_from(["", " ", "-", " - "]), min_size=9, max_size=9), CALM, CALM)
def test_no_grouping_hides_a_phone(number: str, separators: list[str], before: str, after: str) -> None:
    spelled = "".join(digit + gap for digit, gap in zip(number, [*separators, ""], strict=True))
    assert mask_text(f"{before}{spelled}{after}") == f"{before}{mask_phone(number)}{after}"


@given(st.uuids(), CALM)
def test_uuids_survive(uuid: UUID, around: str) -> None:
    assert mask_text(f"{around}{uuid}{around}") == f"{around}{uuid}{around}"


@given(st.datetimes(timezones=st.just(UTC)), st.decimals(0, 999_999, places=2))
def test_times_and_prices_survive(moment: datetime, price: object) -> None:
    text = f"{moment.isoformat()} {price} грн"
    assert mask_text(text) == text


@given(st.text(alphabet="0123456789+-()@.абyz їmenamis", max_size=60))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    masked = mask_text(text)
    assert mask_text(masked) == masked


@given(st.text(max_size=30))
def test_names_keep_only_first_letters(name: str) -> None:
    assert not any(len(word) > 1 and word.isalpha() for word in mask_name(name).replace("***", " ").split())
