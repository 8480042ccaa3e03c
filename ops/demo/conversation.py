"""The demo's conversation: eight turns of one customer, and how to tell that each truly happened. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import randrange
from typing import Any

from engine.call.events import BotSaid, CallEnded, CallerSaid, CallEvent, Interrupted, ToolRan
from engine.call.states import Outcome
from ops.emulators.caller_script import Interrupt, Say, Step


def new_caller() -> str:
    """Another number each time: the shop takes three orders a day from one, and a demo may be run more often."""
    return f"+38067{randrange(10_000_000):07d}"


STEPS: Sequence[Step] = (
    Say("Добрий день!"),
    Say("Мені потрібні зимові шини на Тойоту Камрі 2020 року"),
    Say("А яка з них найдешевша?"),
    Interrupt("Зачекайте, а скільки їх на складі?", after_ms=1500),
    Say("Добре, замовляю чотири"),
    Say("Доставка в Київ, вулиця Хрещатик 22, мене звати Олена"),
    Say("Так, підтверджую"),
    Say("Дякую, до побачення"),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the call, the caller and the store say about it, independently of each other."""

    events: Sequence[CallEvent]
    orders: Sequence[Mapping[str, Any]]
    """Of the store emulator."""
    checksum_errors: int
    ended: str
    """How the call ended for the caller."""

    def tool(self, name: str) -> bool:
        return any(isinstance(event, ToolRan) and event.name == name and event.ok for event in self.events)

    def said(self, side: type[CallerSaid] | type[BotSaid], text: str) -> bool:
        return any(isinstance(event, side) and text in event.text for event in self.events)

    def interrupted(self) -> bool:
        barged = any(isinstance(event, Interrupted) and event.kind == "barge_in" for event in self.events)
        return barged and any(isinstance(event, BotSaid) and event.interrupted and event.text for event in self.events)

    def confirmed_order(self) -> Mapping[str, Any] | None:
        return next((order for order in self.orders if order.get("status") == "confirmed"), None)

    def completed(self) -> bool:
        return any(isinstance(event, CallEnded) and event.outcome is Outcome.COMPLETED for event in self.events)


CHECKS: Mapping[str, Callable[[Evidence], bool]] = {
    "the bot greeted the caller": lambda e: e.said(BotSaid, "магазин шин"),
    "the caller was understood": lambda e: e.said(CallerSaid, "Тойоту Камрі 2020 року"),
    "the store was searched": lambda e: e.tool("search_tires"),
    "the answer was interrupted, and only what was heard is on record": Evidence.interrupted,
    "the interrupting question was answered": lambda e: e.said(CallerSaid, "скільки їх на складі"),
    "an order was drafted": lambda e: e.tool("create_order_draft"),
    "delivery was set": lambda e: e.tool("update_order_delivery"),
    "the order was confirmed": lambda e: e.tool("confirm_order"),
    "the store has the confirmed order": lambda e: e.confirmed_order() is not None,
    "both said goodbye, and the bot ended the call": lambda e: e.completed() and e.ended == "terminated",
    "no frame of audio was lost or damaged": lambda e: e.checksum_errors == 0,
}


def judge(evidence: Evidence) -> Mapping[str, bool]:
    """Each check by name, and whether it holds."""
    return {name: check(evidence) for name, check in CHECKS.items()}
