"""A real PostgreSQL with pgvector, without articles and sets before each test; an emulated Google; its key file."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from engine.config import Config, DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from ops.emulators.faults import Faults
from ops.emulators.google_embeddings import GoogleEmbeddingsEmulator
from sql import MIGRATIONS
from tests.emulated import emulated
from tests.knowledge.embeddings.shop import EmulatedGoogle, emptied


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=3)) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        await emptied(database)
        yield database


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatedGoogle]:
    with emulated(lambda: GoogleEmbeddingsEmulator(Faults())) as running:
        yield EmulatedGoogle(running.loop, running.server, running.url)


@pytest.fixture
def google(emulator: EmulatedGoogle) -> Iterator[EmulatedGoogle]:
    yield emulator
    emulator.reset()


@pytest.fixture(scope="session")
def key_file(emulator: EmulatedGoogle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a service account whose tokens the emulator gives out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("google") / "key.json"
    path.write_text(json.dumps({
        "type": "service_account", "project_id": "test", "private_key_id": "1", "private_key": key.decode(),
        "client_email": "callctl@test.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{emulator.url}/token",
    }))  # fmt: skip
    return path


@pytest.fixture
def config(google: EmulatedGoogle, key_file: Path) -> Config:
    """The local provider; Google's usable too."""
    return Config.from_env({
        "embeddings": {"provider": "local", "google_endpoint": google.url, "google_dimensions": 768, "rate": 1000},
        "google": {"project": "test", "plaintext": False, "application_credentials": key_file},
    })  # fmt: skip
