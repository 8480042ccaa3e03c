"""How fast texts may go, on a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from engine.knowledge.embeddings.pace import Pace


@given(st.floats(0.5, 500), st.lists(st.tuples(st.integers(1, 64), st.floats(0, 3)), min_size=1, max_size=60))
def test_never_faster_than_the_rate_and_no_slower_than_needed(rate: float, batches: list[tuple[int, float]]) -> None:
    now, gone = 100.0, 0
    pace = Pace(rate, now)
    for texts, busy in batches:
        wait = pace.wait_for(texts, now)
        now += wait
        assert gone <= (now - 100) * rate + rate + 1e-6
        gone += texts
        now += busy
    if not any(busy for _, busy in batches):
        assert now - 100 <= (gone - batches[-1][0]) / rate + 1e-6
