"""What the assistant knows at one point of a call: slots only; `hearing` and `results` fill them.

Nothing is kept between requests: `recall` replays the messages, so an interruption, a retry or another process gives
the same memory from the same messages.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

type Json = dict[str, Any]


@dataclass(slots=True)
class Memory:
    """Slots of one call. `text` is what the caller said last, as said; empty when a tool result is to be answered."""

    tools: Set[str]
    today: date
    text: str = ""
    make: str | None = None
    model: str | None = None
    year: int | None = None
    oem_sizes: list[str] = field(default_factory=list)
    tried_sizes: set[str] = field(default_factory=set)
    size: str | None = None
    season: str | None = None
    brand: str | None = None
    tires: list[Json] = field(default_factory=list)
    """Results of the last search."""
    product: Json | None = None
    """The tyre last spoken of."""
    mentioned: set[str] = field(default_factory=set)
    """Ids of tyres the caller has heard of."""
    ordering: bool = False
    quantity: int | None = None
    draft: Json | None = None
    delivery_type: str | None = None
    city: str | None = None
    address: str | None = None
    delivery: Json | None = None
    points: list[Json] = field(default_factory=list)
    point: Json | None = None
    payment: str = "cod"
    name: str | None = None
    confirmed: Json | None = None
    fitting: bool = False
    service: str = "tire_change"
    stations: list[Json] = field(default_factory=list)
    station: Json | None = None
    slots: list[Json] = field(default_factory=list)
    day: date | None = None
    time: str | None = None
    rescheduling: bool = False
    cancelling: bool = False
    last_said: str = ""

    def can(self, tool: str) -> bool:
        return tool in self.tools
