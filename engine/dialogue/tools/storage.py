"""Seasonal storage: the caller's own contracts."""

from typing import Annotated, Final

from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext
from engine.dialogue.tools.changes import Result
from engine.dialogue.tools.orders import own


class StorageArguments(Arguments):
    number: Annotated[str | None, Field(max_length=40, description="Номер договору, якщо клієнт його назвав")] = None


async def _find(asked: StorageArguments, context: ToolContext) -> Result:
    found = await context.store.storage_contracts(context.phone, number=asked.number)
    return {"contracts": [contract.facts() for contract in found if own(contract, context)]}


TOOLS: Final = (Tool("find_storage", "Договори клієнта на сезонне зберігання шин.", StorageArguments, _find),)
