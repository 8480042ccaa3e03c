"""Handing the caller over to a human. The tool only asks; the call does it once the announcement has been heard.

An operator is promised only where one is there: else the model is told so, and offers a call-back.
"""

from typing import Annotated, Final

from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext
from engine.dialogue.tools.changes import Result
from engine.dialogue.tools.state import TransferReason, TransferRequest
from engine.pbx.operators import Presence

TRANSFER: Final = "transfer_to_operator"
NOBODY: Final = "nobody_there"
_OFFER: Final = (
    "З'єднати зараз ні з ким. Скажи про це клієнтові, назви години роботи операторів, якщо вони відомі, "
    "і запропонуй, щоб ми передзвонили."
)


class TransferArguments(Arguments):
    reason: TransferReason
    summary: Annotated[str, Field(max_length=600, description="Для оператора: чого хоче клієнт і що вже з'ясовано")]


async def _transfer(asked: TransferArguments, context: ToolContext) -> Result:
    context.state.presence = await context.operators.presence()
    if context.state.presence is not Presence.AVAILABLE:
        return {"status": NOBODY, "hours": context.operators.hours, "note": _OFFER}
    context.state.handed_over(TransferRequest(asked.reason, asked.summary))
    return {"status": "transferring"}


TOOLS: Final = (Tool(TRANSFER, "З'єднати клієнта з оператором.", TransferArguments, _transfer),)
