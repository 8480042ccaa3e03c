"""What a call was about, from its tools and its end."""

import pytest

from engine.call.states import Outcome
from engine.dialogue.tools.profile import PROFILE
from engine.dialogue.tools.toolbox import TOOLS
from engine.dialogue.tools.transfer import TRANSFER
from engine.records.scenario import BY_TOOL, scenario


@pytest.mark.parametrize(
    ("tools", "outcome", "about"),
    [
        ({"search_tires", "create_order_draft", "confirm_order"}, Outcome.COMPLETED, "order"),
        ({"search_tires", "create_order_draft"}, Outcome.CALLER_HUNG_UP, "order_begun"),
        ({"search_tires", TRANSFER}, Outcome.TRANSFERRED, "tires"),
        ({TRANSFER}, Outcome.TRANSFERRED, "operator"),
        (set(), Outcome.TRANSFERRED, "operator"),
        (set(), Outcome.SILENCE, "silence"),
        (set(), Outcome.COMPLETED, "talk"),
    ],
)
def test_what_was_achieved_says_more_than_what_was_asked(tools: set[str], outcome: Outcome, about: str) -> None:
    assert scenario(tools, outcome, caller_spoke=True) == about


def test_nothing_said() -> None:
    assert scenario(set(), Outcome.CALLER_HUNG_UP, caller_spoke=False) == "nothing_said"


def test_every_tool_tells_what_a_call_was_about() -> None:
    assert BY_TOOL.keys() == TOOLS.keys() - {TRANSFER, PROFILE}
