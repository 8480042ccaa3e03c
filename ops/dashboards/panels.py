"""What a dashboard is made of. A row asks a question; its panels answer it.

Before: a module a dashboard, which is nothing but a table. After: `layout` makes Grafana's JSON of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

type Kind = Literal["timeseries", "stat", "bargauge", "heatmap", "piechart", "state-timeline", "table"]
type Step = tuple[float, str]
"""From this value on, this colour."""

GOOD = "green"
WARNING = "orange"
BAD = "red"


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries`: what the legend says -> PromQL; `{{label}}` in the legend stands for a label's value. `unit`:
    Grafana's name of it. `about`: how to read it, behind the (i). `width`: of 24."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    about: str = ""
    kind: Kind = "timeseries"
    width: int = 8
    steps: Sequence[Step] = ()
    stacked: bool = False
    decimals: int | None = None
    highest: float | None = None
    words: Mapping[int, str] = field(default_factory=dict)
    """What to show in place of a number."""


@dataclass(frozen=True, slots=True)
class Row:
    question: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`name` is its file's, and part of its address."""

    name: str
    title: str
    about: str
    rows: Sequence[Row]
    since: str = "now-6h"


def stat(title: str, expression: str, unit: str = "short", *, about: str = "", steps: Sequence[Step] = (),
         decimals: int | None = None, words: Mapping[int, str] | None = None) -> Panel:  # fmt: skip
    """One number, a quarter of the row wide at most."""
    return Panel(title, {"": expression}, unit, about, "stat", 4, steps, decimals=decimals, words=words or {})


def quantile(share: float, metric: str, by: str = "", window: str = "$__rate_interval") -> str:
    """PromQL of a quantile of a histogram, for each value of the label `by`."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share:g}, sum by ({labels}) (rate({metric}_bucket[{window}])))"


def quantiles(metric: str) -> Mapping[str, str]:
    """The usual three."""
    return {f"p{round(100 * share)}": quantile(share, metric) for share in (0.5, 0.95, 0.99)}
