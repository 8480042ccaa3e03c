"""An engine in a process of its own, callers in threads: what a browser's test, which has this thread, looks at."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import trio
from pydantic import SecretStr

from engine.access import links, users
from engine.access.identity import Role
from engine.access.passwords import Passwords
from engine.config import SECTIONS, DatabaseConfig, variable
from engine.database import Database
from ops.emulators.caller import place_call
from ops.emulators.caller_dialplan import announce
from ops.emulators.caller_script import Step, perform
from tests.e2e.world import World
from tests.web.world import PASSWORD

PATIENCE: Final = 60.0
"""Seconds: a new process imports the vendors' SDKs, and the machine is shared."""
CUSTOMER: Final = "+380671234567"
_USUAL: Final = {
    "AUDIOSOCKET_PORT": "0", "HTTP_PORT": "0", "HTTP_METRICS_PORT": "0", "CALL_MAX_LATENESS_MS": "10000",
    "CALL_DRAIN_SECONDS": "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
    """`first_link`: as the engine told it."""

    base: str
    audiosocket: tuple[str, int]
    first_link: str
    world: World

    @contextmanager
    def caller(self, *steps: Step) -> Iterator[UUID]:
        """Somebody who takes those steps; he hangs up after them, and has done so on leaving."""
        call_id = uuid4()
        thread = Thread(target=trio.run, args=(self._call, call_id, steps), daemon=True)
        thread.start()
        yield call_id
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the caller is still there"

    async def _call(self, call_id: UUID, steps: Sequence[Step]) -> None:
        async with httpx.AsyncClient(base_url=self.base) as client:
            assert await announce(client, call_id, caller=CUSTOMER)
        with trio.move_on_after(PATIENCE):
            async with place_call(*self.audiosocket, call_id=call_id) as caller:
                await perform(caller, steps, lambda heard: None)

    def add_user(self, name: str, role: Role) -> None:
        """With `PASSWORD`."""

        async def add(database: Database) -> None:
            user = await users.add(database, name, role)
            assert user is not None
            token = await links.issue(database, user)
            assert await links.redeem(database, token, await Passwords().hash(PASSWORD))

        self._with_database(add)

    @contextmanager
    def scheduler(self) -> Iterator[None]:
        """One that leads, until it is left."""
        settings = {"DATABASE_URL": self.world.database_url, "SCHEDULER_METRICS_PORT": "0"}
        command = [sys.executable, "-c", "from cli.main import app; app()", "scheduler", "run"]
        with (
            tempfile.NamedTemporaryFile() as log,
            subprocess.Popen(command, env=os.environ | settings, stderr=log) as process,
        ):
            until = time.monotonic() + PATIENCE
            while '"leading"' not in Path(log.name).read_text():
                assert time.monotonic() < until, Path(log.name).read_text()
                time.sleep(0.1)
            yield
            process.send_signal(signal.SIGTERM)

    def _with_database(self, work: Callable[[Database], Awaitable[None]]) -> None:
        async def run() -> None:
            async with Database(DatabaseConfig(url=SecretStr(self.world.database_url))) as database:
                assert await database.wait_available(10)
                await work(database)

        thread = Thread(target=trio.run, args=(run,))
        thread.start()
        thread.join()


@contextmanager
def running_house(world: World) -> Iterator[House]:
    environment = {
        variable(SECTIONS[section], field): str(value)
        for section, fields in world.overrides.items()
        for field, value in fields.items()
    }
    command = [sys.executable, "-c", "from cli.main import app; app()", "serve"]
    with tempfile.NamedTemporaryFile() as log:
        with subprocess.Popen(command, env=os.environ | environment | _USUAL, stderr=log) as process:
            try:
                ready, link = _told(Path(log.name), process)
                host, _, port = ready["audiosocket"].rpartition(":")
                yield House(f"http://127.0.0.1:{ready['http']}", (host, int(port)), link, world)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)
        assert process.returncode == 0, Path(log.name).read_text()[-2000:]
        assert "Traceback" not in Path(log.name).read_text()


def _told(log: Path, process: subprocess.Popen[bytes]) -> tuple[dict[str, Any], str]:
    """Where it listens, and the first administrator's link."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        lines = log.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        ready = [event for event in events if event.get("event") == "ready"]
        link = [line for line in lines if "/console/first?token=" in line]
        if ready and link:
            return ready[0], link[0].strip()
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])
