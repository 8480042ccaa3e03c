import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.call.states import TRANSITIONS, Ending, IllegalTransition, Outcome, State, move, outcome_of_loss


def test_every_state_has_a_row_and_every_live_one_can_end() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(State.ENDED in TRANSITIONS[state] for state in State if state is not State.ENDED)


@given(st.lists(st.sampled_from(State), max_size=30))
def test_nothing_leads_out_of_the_end(targets: list[State]) -> None:
    state = State.CONNECTED
    for target in targets:
        try:
            state = move(state, target)
        except IllegalTransition:
            continue
        if state is State.ENDED:
            break
    else:
        return
    for target in State:
        if target is not State.ENDED:
            with pytest.raises(IllegalTransition):
                move(state, target)


def test_an_operator_is_wanted_whenever_the_bot_could_not_finish() -> None:
    assert {outcome for outcome in Outcome if outcome.wants_operator} == {
        Outcome.TRANSFERRED, Outcome.FAILED_OVER, Outcome.REFUSED,
    }  # fmt: skip


@pytest.mark.parametrize("reason", ["eof", "reset"])
def test_a_caller_the_dialplan_still_has_did_not_hang_up(reason: str) -> None:
    ending = Ending(outcome_of_loss(reason), reason)
    assert ending.outcome is Outcome.CALLER_HUNG_UP
    assert ending.wants_operator


def test_after_a_goodbye_nobody_is_rung() -> None:
    assert not Ending(Outcome.COMPLETED).wants_operator
    assert not Ending(Outcome.CALLER_HUNG_UP, "no_media").wants_operator
