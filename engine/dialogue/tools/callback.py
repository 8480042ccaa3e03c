"""A call-back, where no operator can be had: who is to be called, when, and about what.

The number is the caller's own, from the PBX. Where it is withheld, or he wants to be called on another one, it must be
one that he has said or keyed in himself.
"""

from typing import Annotated, Final
from uuid import UUID

import trio
from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext, always
from engine.dialogue.tools.changes import Result
from engine.dialogue.tools.rules import ToolRefused
from engine.dialogue.tools.state import CallState
from engine.pbx.operators import Presence
from engine.pbx.phone import normalize_phone
from engine.records.rows import CallbackRow
from engine.store.actions import action_key

CALLBACK: Final = "create_callback_request"
_WHICH_NUMBER: Final = "Номер клієнта прихований. Запитайте, на який номер передзвонити."
_NOT_SAID: Final = "Такого номера клієнт не називав. Попросіть продиктувати номер повністю, починаючи з нуля."
_COUNTRY: Final = "+380"


class CallbackArguments(Arguments):
    note: Annotated[str, Field(min_length=2, max_length=400, description="Про що передзвонити й що вже з'ясовано")]
    preferred_time: Annotated[
        str | None, Field(max_length=80, description="Коли зручно, словами клієнта: «завтра зранку»")
    ] = None
    name: Annotated[str | None, Field(max_length=80, description="Як звати клієнта, якщо він назвався")] = None
    number: Annotated[
        str | None,
        Field(max_length=20, description="Лише якщо клієнт продиктував інший номер, ніж той, з якого дзвонить"),
    ] = None


async def _request(asked: CallbackArguments, context: ToolContext) -> Result:
    """One of a call and number: what is asked for again changes it."""
    number = _number(asked.number, context.state)
    key = UUID(action_key(context.call_id, CALLBACK, {"number": number}))
    row = CallbackRow(
        key, context.call_id, number, asked.name or None, asked.note, asked.preferred_time or None, context.now
    )
    with trio.CancelScope(shield=True):  # what the caller was promised is not lost because he speaks over it
        await context.save(row)
    return {"status": "accepted", "preferred_time": asked.preferred_time}


def _number(wanted: str | None, state: CallState) -> str:
    """Raises `ToolRefused` for one that is not the caller's and not in his words."""
    number = normalize_phone(wanted) if wanted else state.phone
    if number is None:
        raise ToolRefused(_NOT_SAID if wanted else _WHICH_NUMBER)
    if number != state.phone and number.removeprefix(_COUNTRY) not in state.digits:
        raise ToolRefused(_NOT_SAID)
    return number


TOOLS: Final = (
    Tool(
        CALLBACK,
        "Записати прохання передзвонити, коли операторів немає. Спершу клієнт погодився й сказав, коли зручно.",
        CallbackArguments,
        _request,
        offered=lambda state: always(state) and state.presence is not Presence.AVAILABLE,
    ),
)
