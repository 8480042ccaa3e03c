"""The assistant as a judge of calls: a verdict by simple rules on a call given as JSON lines.

Entered where a request forces one tool whose arguments are criteria. The rules look at who said what; what is said
about the judging itself changes nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.emulators.assistant.reply import Call, Reply

_GREETING = re.compile(r"добр(?:ий|ого)|вітаю|доброго ранку")
_LOST = re.compile(r"не (?:розчула|зрозуміла|почула)|повторіть")
_YES = re.compile(r"\b(?:так|да|правильно|підтверджую|згод[еа]н|добре)\b")
_THANKS = re.compile(r"дякую|спасиб|чудово|отлично")
_ANGER = re.compile(r"жах|ужас|скарг|жалоб|погано|плохо|дурн")
_LONG_ANSWER = 220
"""Characters of an answer by telephone."""
_CHANGES = frozenset({"confirm_order", "book_fitting", "cancel_fitting"})
NONSENSE = Reply(tool_uses=(Call("record_quality", {"greeted": "yes", "note": ""}),))


@dataclass(slots=True)
class _CallHeard:
    bot: list[str] = field(default_factory=list)
    caller: list[str] = field(default_factory=list)
    tools: list[tuple[str, bool]] = field(default_factory=list)
    outcome: str = ""
    unconfirmed: int = 0
    """Changes made without a yes just before."""


def forced_tool(body: Mapping[str, Any]) -> str:
    """The one tool a request must be answered with, or ''."""
    choice = body.get("tool_choice") or {}
    return str(choice["name"]) if choice.get("type") == "tool" else ""


def judge(messages: Sequence[Mapping[str, Any]], tool: str) -> Reply:
    """A verdict on the call quoted in the last message."""
    heard = _hear(_lines(_text(messages[-1])))
    failed = sum(not ok for _, ok in heard.tools)
    lost = sum(_LOST.search(said.lower()) is not None for said in heard.bot)
    human = heard.outcome in ("transferred", "failed_over") or ("transfer_to_operator", True) in heard.tools
    words = " ".join(heard.caller).lower()
    scores = {
        "greeted": float(any(_GREETING.search(said.lower()) for said in heard.bot[:2])),
        "understood": _share(len(heard.bot) - lost, len(heard.bot)),
        "right_tool": _share(len(heard.tools) - failed, len(heard.tools)),
        "accurate": 1.0,
        "confirmed_before_acting": float(not heard.unconfirmed),
        "concise": _share(sum(len(said) <= _LONG_ANSWER for said in heard.bot), len(heard.bot)),
        "resolved_without_human": float(not human),
        "caller_satisfied": 0.0 if _ANGER.search(words) else 1.0 if _THANKS.search(words) else 0.6,
    }
    worst = min(scores, key=lambda name: scores[name])
    note = "Дзвінок пройшов добре." if scores[worst] > 0.5 else f"Найслабше місце дзвінка: {worst}."
    return Reply(tool_uses=(Call(tool, {**scores, "note": note}),))


def _hear(lines: Iterator[Mapping[str, Any]]) -> _CallHeard:
    heard = _CallHeard()
    for line in lines:
        heard.outcome = line.get("outcome") or heard.outcome
        if "tool" in line:
            agreed = bool(heard.caller) and _YES.search(heard.caller[-1].lower()) is not None
            heard.tools.append((line["tool"], bool(line.get("ok"))))
            heard.unconfirmed += line["tool"] in _CHANGES and not agreed
        elif "bot" in line:
            heard.bot.append(line["bot"])
        elif "caller" in line:
            heard.caller.append(line["caller"])
    return heard


def _lines(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _text(message: Mapping[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def _share(good: int, of: int) -> float:
    return round(good / of, 2) if of else 1.0
