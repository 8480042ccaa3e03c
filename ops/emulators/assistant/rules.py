"""The rules of the shop assistant: which words mean what, in which state, and what is done.

`decide` is a pure function of the messages, the tools offered and the date. The first rule that fits decides; the order
of the table is therefore part of the rules: what protects comes first, what is urgent next, small talk last.
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from ops.emulators.assistant import callbacks, enquiries, fitting, orders, states, tires, words
from ops.emulators.assistant.hearing import CHEAPEST, DEAREST, FITTING, ORDER
from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import OPERATOR_OFFER
from ops.emulators.assistant.recall import recall
from ops.emulators.assistant.reply import Reply


def _anything(memory: Memory) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """`words` are sought in the plain text of the caller's last words; `when` judges the state of the call."""

    words: re.Pattern[str]
    act: Callable[[Memory], Reply]
    when: Callable[[Memory], bool] = _anything


def _p(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


ANY = _p("")
FAREWELL = "Дякую за дзвінок! До побачення."

RULES: tuple[Rule, ...] = (
    Rule(
        _p(
            r"інструкц|инструкц|ігноруй|игнорируй|промпт|prompt|ignore .*instruction",
            r"системн\w* (?:промпт|запит|сообщ|повідомл)",
        ),
        enquiries.says("Я допомагаю з шинами та замовленнями нашого магазину. Які шини вам підібрати?"),
    ),
    Rule(
        _p(
            r"\b(?:ідіот|идиот|дебіл|дебил|дурн|дура\b|дурак|тупа|тупи|тупо|бляд|сука\b)",
            r"\b(?:хрін|хрен|пішл?[аи] ти|достал[аи]|задовба)",
        ),
        callbacks.operator("negative_emotion"),
    ),
    Rule(
        _p(
            r"оператор|менеджер|консультант|жив\w+ (?:люд|челов)|з людиною|с человеком",
            r"(?:дай|позов|поклич)\w* (?:людин|человек)",
            r"з'єднай|з'єднати|соедини|переключ",
        ),
        callbacks.operator("customer_request"),
        lambda memory: not (states.NO.search(words.plain(memory.text)) or callbacks.is_asked_when(memory)),
    ),
    Rule(states.YES, callbacks.operator("cannot_help"), states.offered_operator),
    Rule(ANY, callbacks.ask_when, callbacks.wanted),
    Rule(states.YES, callbacks.ask_when, callbacks.is_offered),
    Rule(
        ANY,
        callbacks.take,
        lambda memory: callbacks.is_asked_when(memory) and not states.NO.search(words.plain(memory.text)),
    ),
    Rule(
        _p(r"до побачен|до свидан|бувайте|на все добре|всього доброго|всего доброго|прощава"), enquiries.says(FAREWELL)
    ),
    Rule(_p(r"(?:скасу|відмін|отмен).*(?:запис|монтаж)|(?:запис|монтаж).*(?:скасу|відмін|отмен)"), fitting.bookings),
    Rule(_p(r"(?:перенес|перенест).*(?:запис|монтаж)|запис.*(?:перенес|перенест)"), fitting.book),
    Rule(ANY, fitting.book, lambda memory: memory.rescheduling and states.fitting_answer(memory)),
    Rule(_p(r"(?:мій|мої|мой|мои|коли я|на коли я) запис"), fitting.bookings),
    Rule(_p(r"(?:\bде\b|стан|статус|коли|що з|где|когда|что с).*(?:замовлен|заказ|посилк|посылк)"), orders.status),
    Rule(_p(r"(?:мої|мої|мои|де|где|номер|договор\w*|договір) .*(?:зберіган|хранен)"), fitting.storage),
    Rule(states.NO, orders.change, lambda memory: states.read_back(memory) and not orders.quantity_changed(memory)),
    Rule(ANY, orders.order, lambda memory: states.read_back(memory) and orders.quantity_changed(memory)),
    Rule(ANY, orders.deliver, states.new_delivery),
    Rule(states.YES, orders.confirm, states.read_back),
    Rule(ANY, orders.read_back, states.payment_or_name),
    Rule(
        _p(
            r"\b(?:за|по) (?:0|нуль|1|одну) ?(?:грн|гривень|гривн|гривен)",
            r"(?:віддай|отдай|дай)\w* (?:безкоштовно|бесплатно)",
        ),
        enquiries.says("Ціну змінити я не можу, вона така, як на сайті. Підібрати вам щось дешевше?"),
    ),
    Rule(
        _p(
            r"(?:скільки|ціна|ціни|кошту|сколько|цена|стоит).*(?:монтаж|перевз|переоб|балансув|розвал)|(?:монтаж|балансув|розвал).*(?:кошту|ціна|стоит|цена)"
        ),
        fitting.prices,
    ),
    Rule(_p(r"\b(?:1[3-9]|2[0-2])\b"), fitting.prices, lambda memory: memory.last_said.endswith("діаметр коліс?")),
    Rule(states.YES, fitting.book, lambda memory: memory.fitting and states.offered_fitting(memory)),
    Rule(FITTING, fitting.book),
    Rule(ANY, fitting.book, states.fitting_answer),
    Rule(
        _p(
            r"достав|оплат|поверн|возврат|вернут|гарант|маркуван|маркиров|позначен|обмін|обмен|зберіган|хранен|міняти|менять|графік|график|працю|работает"
        ),
        enquiries.knowledge,
        lambda memory: bool(states.QUESTION.search(words.plain(memory.text))) and words.address(memory.text) is None,
    ),
    Rule(_p(r"склад|наявн|налич|залиш|осталось|остат|скільки їх|скільки є|сколько их"), tires.stock, states.results),
    Rule(ANY, orders.deliver, states.asks_delivery),
    Rule(CHEAPEST, tires.cheapest, states.results),
    Rule(DEAREST, tires.dearest, states.results),
    Rule(
        _p(r"що ще|що є ще|ще є|ще варіант|інш[іиа]|що-небудь ще|что еще|еще есть|другие|другие варианты"),
        tires.what_else,
        states.results,
    ),
    Rule(ORDER, orders.order),
    Rule(ANY, orders.order, states.orders),
    Rule(ANY, tires.describe, lambda memory: states.names_result(memory) and words.size(memory.text) is None),
    Rule(ANY, tires.find_tires, states.about_tires),
    Rule(_p(r"резин|покришк|покрышк|колес|скат[иі]"), tires.find_tires),
    Rule(
        _p(r"скільки кошту|яка ціна|ціна|сколько сто|какая цена|розкажіть|докладн|подробн"),
        tires.describe,
        states.results,
    ),
    Rule(_p(r"^(?:ні|нет)\b"), enquiries.says(FAREWELL), states.wants_no_more),
    Rule(states.QUESTION, enquiries.knowledge),
    Rule(_p(r"дякую|спасибі|спасибо"), enquiries.says("Прошу! Чи можу ще чимось допомогти?")),
    Rule(
        _p(r"добрий|доброго|вітаю|привіт|здраст|здравств|добрый|алло|алло"),
        enquiries.says("Добрий день! Що вас цікавить?"),
    ),
    Rule(states.NO, enquiries.says("Добре. Підібрати щось інше чи перевірити ваше замовлення?")),
    Rule(states.YES, enquiries.says("Слухаю вас. Підібрати шини, перевірити замовлення чи записати на шиномонтаж?")),
    Rule(ANY, enquiries.unclear),
)

AFTER_TOOL: dict[str, Callable[[Memory, Json], Reply]] = {
    "get_vehicle_tire_sizes": tires.after_sizes,
    "search_tires": tires.after_search,
    "check_availability": tires.after_stock,
    "create_order_draft": orders.after_draft,
    "update_order_delivery": orders.read_back,
    "confirm_order": orders.after_confirm,
    "get_order_status": orders.after_status,
    "get_pickup_points": orders.after_points,
    "get_fitting_stations": fitting.after_stations,
    "get_fitting_slots": fitting.after_slots,
    "get_fitting_price": fitting.after_prices,
    "book_fitting": fitting.after_booking,
    "get_customer_bookings": fitting.after_bookings,
    "cancel_fitting": fitting.after_cancelling,
    "find_storage": fitting.after_storage,
    "search_knowledge_base": enquiries.after_knowledge,
    "transfer_to_operator": callbacks.after_transfer,
    "create_callback_request": callbacks.after_request,
}


def decide(messages: Sequence[Mapping[str, Any]], tool_names: Set[str], *, today: date) -> Reply:
    """The assistant's next words and tool calls; only tools among `tool_names`.

    `messages` as the Messages API has them, already checked. Raises KeyError only on messages that are not."""
    memory, answered, result = recall(messages, tool_names, today)
    if answered is None:
        plain = words.plain(memory.text)
        reply = next(rule.act(memory) for rule in RULES if rule.words.search(plain) and rule.when(memory))
    elif "error" in result:
        reply = _after_error(memory, answered)
    else:
        reply = AFTER_TOOL[answered](memory, result) if answered in AFTER_TOOL else enquiries.unclear(memory)
    if all(use.name in tool_names for use in reply.tool_uses):
        return reply
    return Reply(f"На жаль, цього я зараз зробити не можу. {OPERATOR_OFFER}")


def _after_error(memory: Memory, tool: str) -> Reply:
    if tool == "confirm_order" and states.read_back(memory):
        return orders.read_back(memory)
    if tool == "create_callback_request":
        return callbacks.after_refusal(memory)
    return Reply(f"На жаль, зробити це зараз не вдалося. {OPERATOR_OFFER}")
