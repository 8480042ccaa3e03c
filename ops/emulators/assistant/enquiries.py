"""Everything but goods, orders and operators: questions of knowledge, courtesies, and what must be declined."""

import re
from collections.abc import Callable

from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import MORE_HELP, OPERATOR_OFFER, UNCLEAR
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


def unclear(memory: Memory) -> Reply:
    if UNCLEAR in memory.last_said:
        return Reply(f"Вибачте, я знову вас не зрозуміла. {OPERATOR_OFFER}")
    return Reply(f"{UNCLEAR} Підібрати шини, перевірити замовлення чи записати на шиномонтаж?")
