"""A process that makes one change in the store as a call does, and is killed at a given step of it.

    CALLCTL_CONFIG='{section: {field: value}}' python -m tests.e2e.ordering CALL_ID TOOL STEP

The parts are the engine's own: tools, journal, writer, spool, store client. STEP `none` ends well. One line on stdout:
the answer.
"""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NoReturn
from uuid import UUID

import httpx
import trio
import trio.testing

from engine.config import Config
from engine.database import Database
from engine.dialogue.llm import ToolUse
from engine.dialogue.tools.toolbox import Toolbox
from engine.keeping import Keeping
from engine.knowledge.search import NoKnowledge
from engine.pbx.operators import DialplanOnly
from engine.records.spool import open_spool
from engine.store.actions import Action, ActionLog
from engine.store.client import StoreClient

STEPS: Final = ("before_intent", "after_intent", "request_left", "answered", "before_record", "after_record")
PHONE: Final = "+380671112233"
TOOLS: Final[Mapping[str, str]] = {"confirm_order": "/confirm", "book_fitting": "/fitting/bookings"}
"""What is killed, and how its request's path ends."""


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class DyingLog:
    """An `ActionLog` in front of the real one."""

    def __init__(self, log: ActionLog, tool: str, step: str) -> None:
        self._log = log
        self._tool = tool
        self._step = step
        self._keys: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def intend(self, action: Action) -> None:
        ours = action.tool == self._tool
        if ours:
            self._keys.add(action.key)
        self._at("before_intent", ours)
        await self._log.intend(action)
        self._at("after_intent", ours)

    async def complete(self, key: str, answer: Mapping[str, Any]) -> None:
        self._at("before_record", key in self._keys)
        await self._log.complete(key, answer)
        self._at("after_record", key in self._keys)

    def _at(self, step: str, ours: bool) -> None:
        if ours and step == self._step:
            die()


class DyingTransport(httpx.AsyncHTTPTransport):
    """The network: the request may leave and the answer never arrive."""

    def __init__(self, path: str, step: str) -> None:
        super().__init__()
        self._path = path
        self._step = step

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        ours = request.method == "POST" and request.url.path.endswith(self._path)
        if not ours or self._step not in ("request_left", "answered"):
            return await super().handle_async_request(request)
        async with trio.open_nursery() as nursery:
            if self._step == "request_left":
                nursery.start_soon(self._die_soon)
            response = await super().handle_async_request(request)
            die()
        return response

    async def _die_soon(self) -> None:
        await trio.sleep(0.003)
        die()


@asynccontextmanager
async def kept(config: Config) -> AsyncIterator[Keeping]:
    """What an engine keeps, running."""
    async with (
        open_spool(config.records, config.database) as spool,
        Database(config.database) as database,
        trio.open_nursery() as nursery,
    ):
        await database.wait_available(1)
        keeping = Keeping(config, database, spool, "ordering")
        nursery.start_soon(keeping.run)
        await trio.testing.wait_all_tasks_blocked()
        yield keeping
        await keeping.writer.drain(5)
        nursery.cancel_scope.cancel()


def toolbox(call_id: UUID, store: StoreClient, keeping: Keeping, actions: ActionLog, config: Config) -> Toolbox:
    return Toolbox(
        call_id=call_id, caller_phone=PHONE, store=store, knowledge=NoKnowledge(), actions=actions,
        operators=DialplanOnly(), save=keeping.writer.save, now=lambda: datetime.now(config.call.timezone),
    )  # fmt: skip


async def use(tools: Toolbox, name: str, **arguments: Any) -> dict[str, Any]:
    outcome = await tools.run(ToolUse("1", name, arguments))
    result: dict[str, Any] = json.loads(outcome.content)
    assert not outcome.is_error, result
    return result


async def order(tools: Toolbox) -> dict[str, Any]:
    """Four winter tyres, to the door, agreed to."""
    found = await use(tools, "search_tires", width=205, profile=55, diameter=16, season="winter")
    product = next(tire["id"] for tire in found["tires"] if tire["in_stock"])
    draft = await use(tools, "create_order_draft", items=[{"product_id": product, "quantity": 1}])
    place = {"delivery_type": "delivery", "city": "Київ", "address": "Хрещатик, 1"}
    priced = await use(tools, "update_order_delivery", order_id=draft["order_id"], **place)
    tools.bot_said(f"Одна шина, доставка на Хрещатик, разом {priced['total']} гривень. Підтверджуєте?")
    tools.caller_said("Так")
    return await use(tools, "confirm_order", order_id=draft["order_id"], payment_method="cod")


async def book(tools: Toolbox) -> dict[str, Any]:
    """The first free hour there is."""
    station = (await use(tools, "get_fitting_stations", city="Київ"))["stations"][0]["id"]
    slot = (await use(tools, "get_fitting_slots", station_id=station))["slots"][0]
    when = {"date": slot["date"], "time": slot["times"][0]}
    return await use(tools, "book_fitting", station_id=station, service_type="tire_change", **when)


async def main(call_id: str, tool: str, step: str) -> None:
    config = Config.from_env(json.loads(os.environ["CALLCTL_CONFIG"]))
    transport = DyingTransport(TOOLS[tool], step)
    async with kept(config) as keeping, StoreClient(config.store, transport=transport) as store:
        tools = toolbox(UUID(call_id), store, keeping, DyingLog(keeping.actions, tool, step), config)
        print(json.dumps(await (order if tool == "confirm_order" else book)(tools)), flush=True)


if __name__ == "__main__":
    _, call_id, tool, step = sys.argv
    trio.run(main, call_id, tool, step)
