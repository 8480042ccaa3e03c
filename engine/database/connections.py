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

_CONNECT_SECONDS: Final = 3


def settings(config: DatabaseConfig, statement_timeout_ms: int) -> dict[str, Any]:
    """Arguments of psycopg's `connect`. A server that is gone without a word is found out within half a minute, also
    by a connection that only waits."""
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "callctl",
        "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
    }


def identity(config: DatabaseConfig) -> str:
    """Fit for a file's name: the database's, and a digest of where it is, whoever asks. Raises `ConfigError`."""
    try:
        parts = conninfo_to_dict(config.url.get_secret_value())
    except psycopg.ProgrammingError as error:
        raise ConfigError(f"DATABASE_URL: {error}") from None
    where = "|".join(str(parts.get(key) or "") for key in ("host", "hostaddr", "port", "service", "dbname"))
    name = re.sub(r"[^\w-]", "_", str(parts.get("dbname") or "database"))
    return f"{name}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"


def adapt(connection: Connection) -> None:
    """Teach a new connection our types."""
    connection.adapters.register_dumper(dict, JsonbDumper)
    set_json_dumps(_dumps, connection)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
