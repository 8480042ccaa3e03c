"""Numbers said in several words, or in digits and words, as one: «дві тисячі триста п'ятдесят», «2,5 тисячі».

Before: `tokens`. After: `reading`. Two numbers said one after the other stay two: «двісті п'ять п'ятдесят п'ять».
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from engine.dialogue.grounding.numerals import NUMERALS, THOUSAND, joins
from engine.dialogue.grounding.tokens import Sort, Token, plain

_WITH: Final = ("з", "із", "с")
_WHOLE: Final = ("ціл", "цел")
_ONE_THOUSAND: Final = ("тисяча", "тисячу", "тысяча", "тысячу")
_FRACTIONS: Final = (10, 100, 1000)


def joined(tokens: Sequence[Token]) -> Iterator[Token]:
    """Number words become numbers; so do «2 тисячі 350» and «дві з половиною тисячі»."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.sort is Sort.WORD and token.text in NUMERALS:
            token, at = _in_words(tokens, at)
        else:
            at += 1
        if token.sort is Sort.NUMBER and not token.is_ordinal:
            token, at = _with_fraction(token, tokens, at)
            token, at = _with_thousands(token, tokens, at)
        yield token


def _in_words(tokens: Sequence[Token], at: int) -> tuple[Token, int]:
    total, group, last, text = 0.0, 0.0, float("inf"), ""
    numeral = NUMERALS[tokens[at].text]
    while True:
        if numeral.value == THOUSAND and not numeral.is_ordinal:
            total, group = total + (group or 1) * THOUSAND, 0
        else:
            group += numeral.value
        last, text, at = numeral.value, tokens[at].text, at + 1
        following = NUMERALS.get(tokens[at].text) if at < len(tokens) and tokens[at].sort is Sort.WORD else None
        if numeral.is_ordinal or following is None or not _goes_on(tokens[at].text, last, total):
            break
        numeral = following
    value = plain(total + group)
    token = Token(Sort.NUMBER, text, value, str(value) if isinstance(value, int) else "", in_words=True)
    return replace(token, is_ordinal=numeral.is_ordinal, is_feminine=numeral.is_feminine), at


def _goes_on(word: str, last: float, total: float) -> bool:
    """«Сімнадцять тисяч» is one number; «сімнадцять, тисяча» is two, comma or not."""
    value = NUMERALS[word].value
    if value == THOUSAND:
        return not total and last > 0 and (word not in _ONE_THOUSAND or last == 1)
    return joins(value, last)


def _with_fraction(number: Token, tokens: Sequence[Token], at: int) -> tuple[Token, int]:
    """«Одна ціла шість десятих». `at` is what follows the number."""
    if at >= len(tokens) or not tokens[at].text.startswith(_WHOLE):
        return number, at
    part, after = _following_number(tokens, at + 1)
    size, end = _following_number(tokens, after)
    if part is None or size is None or not size.is_ordinal or size.value not in _FRACTIONS:
        return number, at
    return replace(number, value=round(number.value + part.value / size.value, 3), digits=""), end


def _with_thousands(number: Token, tokens: Sequence[Token], at: int) -> tuple[Token, int]:
    """`at` is what follows the number."""
    value = number.value
    texts = [each.text for each in tokens[at : at + 2]]
    if len(texts) > 1 and texts[0] in _WITH and texts[1].startswith("половин"):
        value, at = value + 0.5, at + 2
    if value < THOUSAND and at < len(tokens) and _is_thousands(tokens[at]):
        value, at = value * THOUSAND, at + 1
        rest, after = _following_number(tokens, at)
        if rest is not None and 0 < rest.value < THOUSAND and not value % THOUSAND:
            value, at = value + rest.value, after
    if value == number.value:
        return number, at
    value = plain(value)
    return replace(number, value=value, digits=str(value) if isinstance(value, int) else ""), at


def _is_thousands(token: Token) -> bool:
    return (
        token.text not in _ONE_THOUSAND
        and token.sort is Sort.WORD
        and token.text in NUMERALS
        and NUMERALS[token.text].value == THOUSAND
    )


def _following_number(tokens: Sequence[Token], at: int) -> tuple[Token | None, int]:
    at += at < len(tokens) and tokens[at].text == "."
    if at < len(tokens) and tokens[at].sort is Sort.NUMBER:
        return tokens[at], at + 1
    if at < len(tokens) and tokens[at].sort is Sort.WORD and tokens[at].text in NUMERALS:
        return _in_words(tokens, at)
    return None, at
