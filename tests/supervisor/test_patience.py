"""A worker that drains is not killed before it has cut itself short."""

from cli.supervising import BEYOND_THE_DRAIN
from engine.keeping import DRAIN_SECONDS
from engine.server import HAND_OVER_SECONDS

MARGIN = 5.0
"""For closing the parts, on a machine that is busy."""


def test_a_worker_is_given_longer_than_it_takes() -> None:
    records, spool = DRAIN_SECONDS, DRAIN_SECONDS
    assert HAND_OVER_SECONDS + records + spool + MARGIN <= BEYOND_THE_DRAIN
