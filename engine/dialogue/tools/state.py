"""What a call's tools have found and done so far: the only source of ids, and what is pinned for the model.

Owned by one `Toolbox`; changed by tools after a successful answer and by what is said and heard.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, Literal

from engine.dialogue.tools.consent import ReadBack, meaning
from engine.dialogue.tools.stages import Event, Stage, after
from engine.pbx.operators import Presence
from engine.store.actions import Recorded
from engine.store.models import Booking, Place, Tire

_NOT_DIGITS: Final = re.compile(r"\D+")

type TransferReason = Literal["customer_request", "cannot_help", "complex_question", "negative_emotion"]


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """An operator shall take over; `summary` is what he is told."""

    reason: TransferReason
    summary: str


@dataclass(frozen=True, slots=True)
class DraftLine:
    product_id: str
    name: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """An order not yet confirmed. `place` and `total` (UAH, with delivery) are known once delivery is set."""

    order_id: str
    order_number: str
    lines: tuple[DraftLine, ...]
    subtotal: Decimal
    place: str = ""
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ConfirmedOrder:
    order_id: str
    order_number: str
    total: Decimal


@dataclass(slots=True)
class CallState:
    phone: str | None
    """The caller's, as the PBX gives it; None when withheld."""
    past: Sequence[Recorded] = ()
    """What earlier calls of this phone changed in the store."""
    stage: Stage = Stage.CHOOSING
    products: dict[str, Tire] = field(default_factory=dict)
    pickup_points: dict[str, Place] = field(default_factory=dict)
    stations: dict[str, Place] = field(default_factory=dict)
    slots: set[tuple[str, str, str]] = field(default_factory=set)
    """Free (station id, date, time)."""
    bookings: dict[str, Booking] = field(default_factory=dict)
    draft: Draft | None = None
    read_back: ReadBack = field(default_factory=ReadBack)
    confirmed: tuple[ConfirmedOrder, ...] = ()
    delivery_changes: int = 0
    booking_changes: int = 0
    """Moves and cancellations, each once."""
    tool_calls: int = 0
    transfer: TransferRequest | None = None
    presence: Presence = Presence.AVAILABLE
    """Of operators, as it was when last asked."""
    note: str = ""
    """What the dialplan knew of the caller's wish, for the model."""
    digits: str = ""
    """All that the caller has said or keyed in, one after the other."""
    stage_before_transfer: Stage = Stage.CHOOSING

    def draft_made(self, draft: Draft) -> None:
        """A new draft; the same one again changes nothing."""
        if self.draft and (self.draft.order_id, self.draft.lines) == (draft.order_id, draft.lines):
            return
        self.draft = draft
        self._changed(Event.DRAFT_CHANGED)

    def delivery_set(self, draft: Draft, *, place: str, total: Decimal) -> None:
        self.draft = replace(draft, place=place, total=total)
        self.delivery_changes += 1
        self._changed(Event.DELIVERY_CHANGED)

    def order_confirmed(self, order: ConfirmedOrder) -> None:
        self.confirmed += (order,)
        self.draft = None
        self._changed(Event.CONFIRMED)

    def handed_over(self, request: TransferRequest) -> None:
        self.transfer = request
        self.stage_before_transfer = self.stage
        self._changed(Event.TRANSFER)

    def kept(self) -> None:
        """No operator has taken the caller after all: he goes on where he was. A yes from before is asked for anew."""
        if self.transfer is not None:
            self.transfer, self.stage = None, after(self.stage_before_transfer, Event.SAID_NO)

    def booking_changed(self, booking: Booking) -> None:
        self.bookings[booking.id] = booking
        self.booking_changes += 1

    def caller_said(self, words: str) -> None:
        self.digits += _NOT_DIGITS.sub("", words)
        event = meaning(words)
        self.stage = after(self.stage, event)
        if event is Event.SAID_NO:
            self.read_back = ReadBack()

    def bot_heard(self, words: str) -> None:
        """What the caller has heard of the bot."""
        if self.draft is None or self.draft.total is None:
            return
        names = [line.name for line in self.draft.lines]
        self.read_back = self.read_back.hearing(words, names=names, total=self.draft.total, place=self.draft.place)
        if self.read_back.complete:
            self.stage = after(self.stage, Event.READ_BACK)

    def _changed(self, event: Event) -> None:
        self.stage = after(self.stage, event)
        self.read_back = ReadBack()
