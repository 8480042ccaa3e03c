"""Handing the caller over to a human. The tool only asks; the call does it once the announcement has been heard."""

from typing import Annotated, Final

from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext
from engine.dialogue.tools.changes import Result
from engine.dialogue.tools.state import TransferReason, TransferRequest

TRANSFER: Final = "transfer_to_operator"


class TransferArguments(Arguments):
    reason: TransferReason
    summary: Annotated[str, Field(max_length=600, description="Для оператора: чого хоче клієнт і що вже з'ясовано")]


async def _transfer(asked: TransferArguments, context: ToolContext) -> Result:
    context.state.handed_over(TransferRequest(asked.reason, asked.summary))
    return {"status": "transferring"}


TOOLS: Final = (Tool(TRANSFER, "З'єднати клієнта з оператором.", TransferArguments, _transfer),)
