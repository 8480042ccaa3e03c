"""What an operator is told fits into a line of AMI and means nothing to a dialplan."""

from hypothesis import given
from hypothesis import strategies as st

from engine.pbx.ami_wire import Action, AmiCodec
from engine.pbx.handover_text import MAX_SUMMARY, channel_variables
from engine.pbx.operators import Handover

DIALOGUE = "Клієнт шукає зимові шини 205/55 R16, просить знижку; бюджет 12 000 грн. " * 8


def told(reason: str, summary: str) -> dict[str, str]:
    return dict(channel_variables(Handover(reason, summary)))


def test_two_variables_that_every_leg_inherits() -> None:
    assert told("customer_request", "Хоче людину, замовлення 1042.") == {
        "__CALLCTL_REASON": "customer_request",
        "__CALLCTL_SUMMARY": "Хоче людину, замовлення 1042.",
    }


def test_a_long_summary_is_cut_at_a_word() -> None:
    summary = told("x", DIALOGUE)["__CALLCTL_SUMMARY"]
    assert len(summary) <= MAX_SUMMARY
    assert summary.endswith("…")
    assert DIALOGUE.startswith(summary.removesuffix("…"))
    assert DIALOGUE[len(summary) - 1] in " .,;", "no word is cut in two"
    assert len(told("x", "я" * 1000)["__CALLCTL_SUMMARY"]) == MAX_SUMMARY


@given(st.text(max_size=600), st.text(max_size=600))
def test_whatever_is_said_can_be_sent_and_is_one_harmless_line(reason: str, summary: str) -> None:
    for name, value in channel_variables(Handover(reason, summary)):
        AmiCodec().send(Action("Setvar", (("Channel", "PJSIP/a"), ("Variable", name), ("Value", value))), "1")
        assert not set(value) & set('"\\()[]{}$\r\n\t\0\x85\u2028')
        assert value == value.strip()
