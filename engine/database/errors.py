"""psycopg's errors end here."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg

from engine.errors import DatabaseAway, DatabaseError, DataRefused, SchemaError

_PASSING: Final = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that may pass: connection, conflict, resources, locks, operator intervention, I/O."""
_STRANGE_SCHEMA: Final = (
    psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction
)  # fmt: skip


@contextmanager
def as_ours() -> Generator[None]:
    """Raises `DatabaseAway` where asking again may help, else `DatabaseError`."""
    try:
        yield
    except psycopg.OperationalError as error:  # includes the pool's timeout and the server's own
        raise (DatabaseAway if _away(error) else DatabaseError)(_first_line(error)) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise DataRefused(_first_line(error)) from error
    except _STRANGE_SCHEMA as error:
        raise SchemaError(f"{_first_line(error)}: not this version's tables, run `callctl db migrate`") from error
    except psycopg.Error as error:
        raise DatabaseError(_first_line(error)) from error


def _away(error: psycopg.OperationalError) -> bool:
    """No SQLSTATE: the connection itself failed."""
    return error.sqlstate is None or error.sqlstate[:2] in _PASSING


def _first_line(error: psycopg.Error) -> str:
    """Without DETAIL lines, which quote the row."""
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    return (str(error).partition("\n")[0] or type(error).__name__) + state
