"""What `serve` and `demo` start for whatever is not configured: servers from wheels, and the emulated vendors.

Each part is replaced by a real one as soon as its variable is set. Parts are started side by side in threads; all of
them stop with us, however we end.
"""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import trio

from engine.config import Config
from engine.database import Database, migrate
from engine.errors import ConfigError
from engine.knowledge.articles import read_directory
from engine.knowledge.loading import fill
from engine.log import get_logger
from ops.embedded.errors import EmbeddedServerError
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from sql import MIGRATIONS

log = get_logger("embedded")

_DATABASE_SECONDS: Final = 10.0
SEED_KNOWLEDGE: Final = Path(__file__).parent.parent / "seed" / "knowledge"
_STOP_SECONDS: Final = 5.0

type Overrides = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class World:
    """What was started. `overrides` are for `Config.from_env`; `parts` names them for people."""

    overrides: Overrides
    parts: tuple[str, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Of the emulators: `control` among them."""

    @property
    def paragraph(self) -> str:
        """What a newcomer should know, in plain words."""
        if not self.parts:
            return "Everything is configured: nothing embedded was started."
        return (
            f"Not configured, so started here on this machine only: {', '.join(self.parts)}. The emulators speak the "
            "vendors' real protocols but are not the vendors: fine to try and to test with, not for real callers. "
            "Set the variables of .env.example to use real ones."
        )


_MISSING: Final[Mapping[str, tuple[str, Callable[[Config], bool]]]] = {
    "PostgreSQL": ("DATABASE_URL", lambda c: not c.database.url.get_secret_value()),
    "Valkey (for Redis)": ("REDIS_URL", lambda c: not c.redis.url.get_secret_value()),
    "emulated Google speech": ("GOOGLE_PROJECT", lambda c: not (c.google.project or c.google.speech_endpoint)),
    "emulated Anthropic": ("ANTHROPIC_API_KEY", lambda c: not c.anthropic.api_key.get_secret_value()),
    "an emulated store": ("STORE_BASE_URL", lambda c: not c.store.base_url),
}
"""Part -> the variable that replaces it, and whether it is missing."""


def missing_parts(config: Config) -> tuple[str, ...]:
    """The parts with no configuration, in a fixed order."""
    return tuple(name for name, (_, missing) in _MISSING.items() if missing(config))


@asynccontextmanager
async def embedded_world(
    config: Config, *, progress: Callable[[str], None] = lambda part: None
) -> AsyncGenerator[World]:
    """Start what `config` lacks; `progress(part)` is called as each is up. Raises `ConfigError` where the `embedded`
    extra is not installed."""
    parts = missing_parts(config)
    overrides: Overrides = {}
    addresses: dict[str, str] = {}
    with ExitStack() as stack:

        async def start(name: str, begin: Callable[[ExitStack], Overrides]) -> None:
            for section, values in (await trio.to_thread.run_sync(begin, stack)).items():
                overrides.setdefault(section, {}).update(values)
            progress(name)

        def emulators(stack: ExitStack) -> Overrides:
            addresses.update(_start_emulators(stack))
            return _emulator_overrides(parts, addresses)

        async with trio.open_nursery() as nursery:
            if "PostgreSQL" in parts:
                nursery.start_soon(start, "PostgreSQL", _start_postgres)
            if "Valkey (for Redis)" in parts:
                nursery.start_soon(start, "Valkey", _start_valkey)
            if any("emulated" in part for part in parts):
                nursery.start_soon(start, "emulators", emulators)
        if "PostgreSQL" in parts:
            await prepare_database(overrides, config.knowledge.directory or SEED_KNOWLEDGE)
        try:
            yield World(overrides, parts, addresses)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(stack.close)


def _start_postgres(stack: ExitStack) -> Overrides:
    try:
        server = stack.enter_context(EmbeddedPostgres())
    except EmbeddedServerError as error:
        raise _no_stand_in("PostgreSQL", error) from error
    return {"database": {"url": server.url}}


async def prepare_database(overrides: Overrides, articles: Path) -> None:
    """The embedded database has no administrator: it is brought to shape here and, while empty, given articles."""
    reading = await trio.to_thread.run_sync(read_directory, articles)
    config = Config.from_env({"database": overrides["database"]})
    async with Database(config.database) as database:
        await database.wait_available(_DATABASE_SECONDS)
        await migrate(database, MIGRATIONS)
        filled = await fill(database, reading)
    for broken in reading.broken if filled is not None else ():
        log.warning("article_left_out", path=broken.path, reason=broken.reason)


def _start_valkey(stack: ExitStack) -> Overrides:
    try:
        server = stack.enter_context(EmbeddedValkey())
    except EmbeddedServerError as error:
        raise _no_stand_in("Valkey (for Redis)", error) from error
    return {"redis": {"url": server.url}}


def _start_emulators(stack: ExitStack) -> Mapping[str, str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.emulators.run", "--until-stdin-closes"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on, after the calls have ended
    )  # fmt: skip
    stack.callback(_stop, process)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise _no_stand_in("emulated Google speech", "see above; pip install 'callctl[embedded]'")
    addresses: Mapping[str, str] = json.loads(line)
    return addresses


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _emulator_overrides(parts: tuple[str, ...], addresses: Mapping[str, str]) -> Overrides:
    google = {
        "project": "demo", "speech_endpoint": addresses["speech"], "tts_endpoint": addresses["tts"], "plaintext": True,
    }  # fmt: skip
    every: Mapping[str, Overrides] = {
        "emulated Google speech": {"google": google, "embeddings": {"google_endpoint": addresses["embeddings"]}},
        "emulated Anthropic": {"anthropic": {"api_key": "emulated", "base_url": addresses["anthropic"]}},
        "an emulated store": {"store": {"api_key": "emulated", "base_url": addresses["store"]}},
    }
    return {section: values for part in parts for section, values in every.get(part, {}).items()}


def _no_stand_in(part: str, why: object) -> ConfigError:
    return ConfigError(f"{_MISSING[part][0]} is not set, and its stand-in cannot start: {why}")
