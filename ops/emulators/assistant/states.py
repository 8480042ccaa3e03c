"""In which state of the call a rule applies: questions asked of the memory and of the caller's last words. Pure."""

import re

from ops.emulators.assistant import words
from ops.emulators.assistant.memory import Memory
from ops.emulators.assistant.phrases import OPERATOR_OFFER

YES = re.compile(
    r"\b(?:так|да|ага|угу|підтвер\w+|подтвер\w+|згод\w+|соглас\w+|звичайно|конечно|добре|хорошо|гаразд|давайте?|"
    r"оформл\w+|вірно|верно|правильно|окей|ок)\b"
)
NO = re.compile(
    r"^(?:ні|нет|не)\b|\bне (?:треба|надо|потрібно|нужно|хочу|підтверджую|подтверждаю)\b|\bзмін\w+|\bизмен\w+"
)
QUESTION = re.compile(
    r"\?|^(?:а |і |и )?(?:чи|як|яка|яке|який|які|скільки|коли|де|що|чому|навіщо|хто|можна|є|"
    r"как|какая|какой|какие|сколько|когда|где|что|почему|можно|есть ли)\b"
)


def draft(memory: Memory) -> bool:
    return memory.draft is not None


def read_back(memory: Memory) -> bool:
    return memory.draft is not None and memory.delivery is not None


def asks_delivery(memory: Memory) -> bool:
    """The draft has no delivery, and the caller has said something about one."""
    return draft(memory) and memory.delivery is None and names_delivery(memory)


def names_delivery(memory: Memory) -> bool:
    plain = words.plain(memory.text)
    about = re.search(r"достав|самовив|самовыв|забер|забрат|привез|пошт|почт|сам[аі]?\b", plain)
    return bool(about or words.city(memory.text) or words.address(memory.text) or memory.point)


def new_delivery(memory: Memory) -> bool:
    return read_back(memory) and names_delivery(memory) and memory.point is None


def fitting_answer(memory: Memory) -> bool:
    """The caller answers what a booking still needs."""
    plain = words.plain(memory.text)
    said_when = words.day(plain, memory.today) or words.clock_time(plain)
    said_where = words.city(plain) or (memory.stations and memory.station)
    return memory.fitting and bool(said_when or said_where or YES.search(plain))


def offered_operator(memory: Memory) -> bool:
    return OPERATOR_OFFER in memory.last_said


def offered_fitting(memory: Memory) -> bool:
    return memory.last_said.endswith("Записати вас на шиномонтаж?")


def payment_or_name(memory: Memory) -> bool:
    plain = words.plain(memory.text)
    return read_back(memory) and bool(words.one_of(plain, words.PAYMENTS) or words.name(memory.text))


def orders(memory: Memory) -> bool:
    """A product is spoken of, nothing is drafted, and the caller says how many or agrees to order."""
    if memory.product is None or memory.draft is not None or memory.fitting:
        return False
    plain = words.plain(memory.text)
    if memory.ordering and memory.quantity is not None:
        return True
    asked = "оформити" in memory.last_said.lower()
    return asked and bool(YES.search(plain) or words.quantity(plain))


def about_tires(memory: Memory) -> bool:
    """The words name a car, a size or a season, or answer the question for one."""
    plain = words.plain(memory.text)
    asked = memory.last_said.endswith(("потрібні шини?", "якого року?", "чи всесезонні?"))
    named = words.size(plain) or words.one_of(plain, words.SEASONS) or words.year(plain)
    return bool(named or (asked and memory.make) or (memory.brand and not memory.tires) or "шин" in plain)


def results(memory: Memory) -> bool:
    return bool(memory.tires)


def names_result(memory: Memory) -> bool:
    """The words name one of the results by brand or by its place in the list."""
    plain = words.plain(memory.text)
    by_place = re.search(r"\b(?:перш|перв|друг|втор|трет)", plain)
    return bool(memory.tires and memory.product and (memory.brand or by_place))


def wants_no_more(memory: Memory) -> bool:
    return memory.last_said.endswith("ще чимось допомогти?")
