"""How every connection of ours is made: autocommit, rows as dicts, UTC, dicts as jsonb."""

import hashlib
import json
import re
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.json import JsonbDumper, set_json_dumps

from engine.config import DatabaseConfig
from engine.database.statements import Connection
from engine.errors import ConfigError

WIDTHS: Final = {"hnsw.ef_search": 160, "pg_trgm.similarity_threshold": 0.55}
"""How wide a search goes through the index of vectors (see tests/bench/knowledge_search.py) and from which similarity
on a word may be another one that was misheard. Told to the session, for to tell each search costs it three round trips;
a server that lacks the extensions takes them as well."""
_CONNECT_SECONDS: Final = 3
_PORT: Final = "5432"
_HERE: Final = "localhost"
_HERE_TOO: Final = frozenset({"", "localhost", "::1", "/tmp", "/run/postgresql", "/var/run/postgresql"})


def settings(statement_timeout_ms: int, **server: str) -> dict[str, Any]:
    """Arguments of psycopg's `connect`. A server that is gone without a word is found out within half a minute, also
    by a connection that only waits. `server`: more settings of its own."""
    told = {"statement_timeout": statement_timeout_ms, "timezone": "UTC", "datestyle": "ISO", **WIDTHS, **server}
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "callctl",
        "options": " ".join(f"-c {name}={value}" for name, value in told.items()),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
    }


def identity(config: DatabaseConfig) -> str:
    """Fit for a file's name: the database's, and a digest of where it is, whoever asks and however it is written.
    Raises `ConfigError`."""
    try:
        parts = conninfo_to_dict(config.url.get_secret_value())
    except psycopg.ProgrammingError as error:
        raise ConfigError(f"DATABASE_URL: {error}") from None
    said = {key: str(parts.get(key) or "") for key in ("host", "hostaddr", "port", "service", "dbname", "user")}
    hosts = ",".join(map(_host, (said["hostaddr"] or said["host"]).split(",")))
    ports = said["port"] or _PORT
    if {*ports.split(",")} == {_PORT}:
        ports = _PORT
    name = said["dbname"] or said["user"]
    where = "|".join((hosts, "", ports, said["service"], name))
    return f"{re.sub(r'[^\w-]', '_', name or 'database')}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def _host(written: str) -> str:
    """This machine under one name; a folder of sockets that is not the usual one may be another server's."""
    plain = written.lower().rstrip(".") if not written.startswith("/") else written.rstrip("/")
    return _HERE if plain in _HERE_TOO or plain.startswith("127.") else plain


def adapt(connection: Connection) -> None:
    """Teach a new connection our types."""
    connection.adapters.register_dumper(dict, JsonbDumper)
    set_json_dumps(_dumps, connection)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
