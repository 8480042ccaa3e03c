"""Everything but goods and orders: questions of knowledge, the operator, courtesies, and what must be declined."""

import re
from collections.abc import Callable

from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import MORE_HELP, OPERATOR_OFFER, UNCLEAR, tire_name
from ops.emulators.assistant.reply import Reply, call

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_SPOKEN_SENTENCES = 2
_SPOKEN_CHARACTERS = 260


def says(text: str) -> Callable[[Memory], Reply]:
    """An act that only says something."""
    return lambda memory: Reply(text)


def knowledge(memory: Memory) -> Reply:
    return call("search_knowledge_base", say="Секунду, уточню.", query=memory.text)


def after_knowledge(memory: Memory, result: Json) -> Reply:
    passages = result.get("passages", [])
    if not passages:
        return Reply(f"На жаль, точної відповіді на це в мене немає. {OPERATOR_OFFER}")
    sentences = _SENTENCE_END.split(" ".join(passages[0]["text"].split()))
    said = sentences[0]
    for sentence in sentences[1:_SPOKEN_SENTENCES]:
        if len(said) + len(sentence) < _SPOKEN_CHARACTERS:
            said = f"{said} {sentence}"
    return Reply(f"{said} {MORE_HELP}")


def operator(reason: str) -> Callable[[Memory], Reply]:
    def act(memory: Memory) -> Reply:
        if not memory.can("transfer_to_operator"):
            return Reply("На жаль, зараз з'єднати не можу. Залиште, будь ласка, своє питання, і ми вам зателефонуємо.")
        return call("transfer_to_operator", reason=reason, summary=_summary(memory))

    return act


def after_transfer(memory: Memory, result: Json) -> Reply:
    return Reply("З'єдную вас з оператором, залишайтеся, будь ласка, на лінії.")


def unclear(memory: Memory) -> Reply:
    if UNCLEAR in memory.last_said:
        return Reply(f"Вибачте, я знову вас не зрозуміла. {OPERATOR_OFFER}")
    return Reply(f"{UNCLEAR} Підібрати шини, перевірити замовлення чи записати на шиномонтаж?")


def _summary(memory: Memory) -> str:
    """For the operator: what was spoken of, and the caller's last words."""
    parts = [
        "" if memory.product is None else f"Товар: {tire_name(memory.product)}.",
        "" if memory.draft is None else f"Чернетка замовлення {memory.draft.get('order_number', '')}.",
        f"Останні слова клієнта: «{memory.text}».",
    ]
    return " ".join(part for part in parts if part)
