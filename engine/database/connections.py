"""How every connection of ours is made: autocommit, rows as dicts, UTC, dicts as jsonb."""

import json
from typing import Any, Final

from psycopg.rows import dict_row
from psycopg.types.json import JsonbDumper, set_json_dumps

from engine.config import DatabaseConfig
from engine.database.statements import Connection

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


def adapt(connection: Connection) -> None:
    """Teach a new connection our types."""
    connection.adapters.register_dumper(dict, JsonbDumper)
    set_json_dumps(_dumps, connection)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
