"""The operator, or a call-back where there is none: whom to call, when, and about what."""

import re
from collections.abc import Callable

from ops.emulators.assistant import words
from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import MORE_HELP, tire_name
from ops.emulators.assistant.reply import Reply, call

OFFER = "Передзвонити вам?"
WHEN = "Коли вам зручно, щоб ми передзвонили?"
_DEMANDED = re.compile(r"передзвон|перезвон|зателефонуйте мені|наберіть мене")


def operator(reason: str) -> Callable[[Memory], Reply]:
    def act(memory: Memory) -> Reply:
        return call("transfer_to_operator", reason=reason, summary=_summary(memory))

    return act


def after_transfer(memory: Memory, result: Json) -> Reply:
    if result.get("status") != "nobody_there":
        return Reply("З'єдную вас з оператором, залишайтеся, будь ласка, на лінії.")
    hours = result.get("hours")
    when = f"Вони на зв'язку {hours}. " if hours else ""
    return Reply(f"На жаль, операторів зараз немає. {when}{OFFER}")


def is_offered(memory: Memory) -> bool:
    return OFFER in memory.last_said


def is_asked_when(memory: Memory) -> bool:
    return WHEN in memory.last_said


def wanted(memory: Memory) -> bool:
    """The caller asks for it himself."""
    return _DEMANDED.search(words.plain(memory.text)) is not None


def ask_when(memory: Memory) -> Reply:
    """A time that has been said is not asked for."""
    if not memory.can("create_callback_request"):
        return operator("customer_request")(memory)
    if words.clock_time(words.plain(memory.text)) or re.search(r"завтра|сьогодні|сегодня|зранку|ввечері", memory.text):
        return take(memory)
    return Reply(WHEN)


def take(memory: Memory) -> Reply:
    return call(
        "create_callback_request", note=_summary(memory), preferred_time=memory.text[:80], name=memory.name,
        number=_number(memory.text),
    )  # fmt: skip


def after_request(memory: Memory, result: Json) -> Reply:
    return Reply(f"Записала, ми вам передзвонимо. {MORE_HELP}")


def after_refusal(memory: Memory) -> Reply:
    """The number is not known."""
    return Reply(f"На який номер вам передзвонити? {WHEN}")


def _number(text: str) -> str | None:
    """A Ukrainian number in the caller's words."""
    found = re.search(r"(?:\+?38)?0\d{9}", re.sub(r"[\s()-]", "", text))
    return found[0] if found else None


def _summary(memory: Memory) -> str:
    """For the operator: what was spoken of, and the caller's last words."""
    parts = [
        "" if memory.product is None else f"Товар: {tire_name(memory.product)}.",
        "" if memory.draft is None else f"Чернетка замовлення {memory.draft.get('order_number', '')}.",
        f"Останні слова клієнта: «{memory.text}».",
    ]
    return " ".join(part for part in parts if part)
