"""What the engine needs around it, started once for all these tests: two servers from wheels and the emulators.

All blocking and without trio, since each test has a loop of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from engine.config import Config
from engine.database import Database, migrate
from engine.knowledge.articles import read_directory
from engine.knowledge.shelf import load
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from ops.embedded.world import SEED_KNOWLEDGE, Overrides
from ops.emulators.subtitled_voice import speak
from sql import MIGRATIONS

_STOP_SECONDS: Final = 5.0
_QUICK: Final[dict[str, dict[str, float]]] = {
    "anthropic": {"first_token_ms": 80, "tokens_per_second": 300},
    "tts": {"first_audio_ms": 20, "speed": 40},
    "speech": {"final_delay_ms": 200},
    "store": {},
}
"""Faster than the real vendors: these tests are about failures, not about latency."""


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is. `overrides` are for `Config.from_env`."""

    overrides: Overrides
    control: httpx.Client
    database_url: str
    redis_url: str

    def well(self) -> None:
        """Every emulator healthy, quick, and its counters at 0."""
        for name, settings in _QUICK.items():
            self.control.delete(f"/control/{name}").raise_for_status()
            self.set(name, **settings)

    def set(self, emulator: str, **values: Any) -> None:
        """Faults and settings by name (`ops.emulators.faults.Faults`)."""
        self.control.put(f"/control/{emulator}", json=values).raise_for_status()

    def counters(self, emulator: str) -> dict[str, Any]:
        """What an emulator has counted since the test began."""
        return self._state(emulator)["counters"]

    def spent(self, emulator: str) -> bool:
        """Whether every fault that was to happen so many times has happened."""
        return not any(value for name, value in self._state(emulator)["faults"].items() if name.endswith("_next"))

    def _state(self, emulator: str) -> dict[str, dict[str, Any]]:
        state: dict[str, dict[str, Any]] = self.control.get(f"/control/{emulator}").raise_for_status().json()
        return state


@contextmanager
def running_world() -> Iterator[World]:
    with ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(server_folder(stack) / "postgres"))
        valkey = stack.enter_context(EmbeddedValkey(server_folder(stack) / "valkey"))
        addresses = stack.enter_context(_emulators())
        migrated(postgres.url)
        overrides: Overrides = {
            "database": {"url": postgres.url},
            "records": {"spool_directory": server_folder(stack) / "spool"},
            "redis": {"url": valkey.url},
            "google": {
                "project": "test", "speech_endpoint": addresses["speech"], "tts_endpoint": addresses["tts"],
                "plaintext": True,
            },
            "anthropic": {"api_key": "emulated", "base_url": addresses["anthropic"]},
            "store": {"api_key": "emulated", "base_url": addresses["store"]},
        }  # fmt: skip
        control = stack.enter_context(httpx.Client(base_url=addresses["control"]))
        speak("Добрий день")  # the first words wait for the voice to be loaded; no caller should
        yield World(overrides, control, postgres.url, valkey.url)


def server_folder(stack: ExitStack) -> Path:
    """An empty folder that the servers' own account may enter."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    folder.chmod(0o755)
    return folder


@contextmanager
def _emulators() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "ops.emulators.run", "--until-stdin-closes"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            addresses: dict[str, str] = json.loads(process.stdout.readline())
            yield addresses
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def migrated(url: str) -> None:
    """Bring a new database to shape, with the articles in it."""
    trio.run(_migrate, url)


async def _migrate(url: str) -> None:
    async with Database(Config.from_env({"database": {"url": url}}).database) as database:
        await database.wait_available(10)
        await migrate(database, MIGRATIONS)
        await load(database, read_directory(SEED_KNOWLEDGE))
