"""A worker that drains is not killed before it has cut itself short."""

from cli.supervising import BEYOND_THE_DRAIN
from engine.server import DRAIN_RECORDS_SECONDS, HAND_OVER_SECONDS

MARGIN = 5.0
"""For closing the parts, on a machine that is busy."""


def test_a_worker_is_given_longer_than_it_takes() -> None:
    assert BEYOND_THE_DRAIN >= HAND_OVER_SECONDS + DRAIN_RECORDS_SECONDS + MARGIN
