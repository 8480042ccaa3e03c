"""Where to connect to, for PostgreSQL's own programs: they read it from the environment, a command line is for all to
see. And the same for another database of the server."""

from psycopg import OperationalError, pq
from psycopg.conninfo import make_conninfo

from engine.errors import ConfigError


def environment(url: str) -> dict[str, str]:
    """The variables (PGHOST, PGPASSWORD, ...) that mean the same as `url`. Raises `ConfigError` if it is none."""
    try:
        options = pq.Conninfo.parse(url.encode())
    except OperationalError as error:  # whose text quotes the URL
        raise ConfigError("this is no URL of PostgreSQL: give postgresql://USER@HOST/DATABASE") from error
    return {option.envvar.decode(): option.val.decode() for option in options if option.envvar and option.val}


def other_database(url: str, name: str) -> str:
    """`url`, but of the database `name`."""
    return make_conninfo(url, dbname=name)
