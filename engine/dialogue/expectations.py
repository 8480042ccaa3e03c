"""What kind of answer the bot has just asked for, read from its own words.

Endpointing waits longer for digits than for a yes, and a silence prompt repeats what was asked (lessons 14 and 17).
Read from what was *heard*, so that a question cut off by a barge-in expects nothing. Pure; Ukrainian, as the bot is.
"""

import re
from typing import Final, Literal

type Expectation = Literal["nothing", "yes_no", "digits", "size", "plate", "address", "name", "quantity"]

_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]*(?:(?<=\d[.])\d[^.!?…]*[.!?…]*)*")
_ASKING: Final = re.compile(
    r"\?|\b(?:назвіть|підкажіть|скажіть|продиктуйте|вкажіть|уточніть|повідомте|повторіть)\b", re.IGNORECASE
)
_LATE_SENTENCES: Final = 2
"""A question may be followed by one sentence of explanation and still stand."""

_WORDING: Final[tuple[tuple[str, Expectation], ...]] = (
    (r"номерн\w+ знак|держ\w*номер|номер\w* (?:вашого )?(?:авто|машин)", "plate"),
    (r"\bномер|\bцифр|\bкод\b|\bтелефон\w*\b", "digits"),
    (r"як (?:до )?вас (?:звати|звертатися)|як ваше ім|на чиє ім|на яке ім|прізвище", "name"),
    (r"\bадрес|\bвулиц|\bкуди\b[^?]*достав|(?:яке|якому|яке ваше) міст|у яке відділення", "address"),
    (r"\bскільки (?:шин|штук|коліс|вам|їх|одиниць|бажаєте|потрібно|замовля)", "quantity"),
    (r"\b(?:яка|яку|назвіть|вкажіть|уточніть)\b[^?]*кількіст", "quantity"),
    (r"\bрозмір|\bширин|\bпрофіл|\bдіаметр|\bрадіус", "size"),
)
"""Ukrainian wording of a question and what it asks for; the first that matches counts."""
_KINDS: Final = tuple((re.compile(pattern, re.IGNORECASE), kind) for pattern, kind in _WORDING)
_YES_OR_NO: Final = re.compile(
    r"(?:^|[,:;—-]\s*)(?:чи|хіба)\b|\b(?:правильно|вірно|згодні|підтверджуєте|так|гаразд)\s*\?", re.IGNORECASE
)
_OPEN_QUESTION: Final = re.compile(
    r"\b(?:хто|що|як|де|куди|звідки|коли|чому|навіщо|скільки|чим|чого|кого|кому|чи(?:й|я|є|ї|го|м)"
    r"|як(?:ий|а|е|і|у|ої|ого|ою|им|их|ими|ому|ій)|о котрій|котр\w+)\b|\w\s+(?:чи|або)\s+\w",
    re.IGNORECASE,
)


def expected_answer(heard: str) -> Expectation:
    """The kind of answer to the last question in `heard`; `nothing` when none was asked or any answer will do."""
    sentences = [s.strip() for s in _SENTENCE.findall(heard) if s.strip()]
    for sentence in reversed(sentences[-_LATE_SENTENCES:]):
        if _ASKING.search(sentence):
            return _kind(sentence)
    return "nothing"


def _kind(question: str) -> Expectation:
    if _YES_OR_NO.search(question):
        return "yes_no"
    for pattern, kind in _KINDS:
        if pattern.search(question) and (_OPEN_QUESTION.search(question) or "?" not in question):
            return kind
    if "?" in question and not _OPEN_QUESTION.search(question):
        return "yes_no"
    return "nothing"
