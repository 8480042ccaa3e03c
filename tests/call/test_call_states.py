import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.call.states import TRANSITIONS, IllegalTransition, Outcome, State, move


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
