"""What a caller tells of himself, kept for his next calls and for the operators: in his own record, by his number."""

from typing import Annotated, Final

import trio
from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext, always
from engine.dialogue.tools.changes import Result
from engine.dialogue.tools.rules import ToolRefused
from engine.records.rows import ProfileRow

PROFILE: Final = "update_customer_profile"
_NOTHING: Final = "Немає чого записувати: потрібне ім'я, місто, авто або адреса."


class ProfileArguments(Arguments):
    name: Annotated[str | None, Field(max_length=80)] = None
    city: Annotated[str | None, Field(max_length=80)] = None
    vehicle: Annotated[str | None, Field(max_length=120, description="Марка, модель і рік авто")] = None
    address: Annotated[str | None, Field(max_length=200)] = None


async def _update(asked: ProfileArguments, context: ToolContext) -> Result:
    told = {name: value for name, value in asked.model_dump().items() if value}
    if not told:
        raise ToolRefused(_NOTHING)
    row = ProfileRow(context.phone, updated_at=context.now, **told)
    with trio.CancelScope(shield=True):
        await context.save(row)
    return {"status": "saved", **told}


TOOLS: Final = (
    Tool(
        PROFILE,
        "Запам'ятати, що клієнт сам про себе сказав: ім'я, місто, авто, адресу.",
        ProfileArguments,
        _update,
        offered=lambda state: always(state) and state.phone is not None,
    ),
)
