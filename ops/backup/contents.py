"""What is in a database, as far as a back-up and its restoring can be compared."""

from typing import Any, Final

from engine.database import Statements

_TABLES: Final = """
    SELECT nspname::text AS schema, relname::text AS name
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname !~ '^pg_' AND nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
    ORDER BY 1, 2"""


def is_empty(statements: Statements) -> bool:
    """Whether there is no table."""
    return not statements.fetch(_TABLES)


def row_counts(statements: Statements) -> dict[str, int]:
    """schema.table -> rows. A partitioned table counts as one."""
    counts = {}
    for table in statements.fetch(_TABLES):
        names: dict[str, str] = {"schema": table["schema"], "name": table["name"]}
        [row] = statements.fetch("SELECT count(*) AS n FROM {schema}.{name}", names=names)
        counts[f"{table['schema']}.{table['name']}"] = int(row["n"])
    return counts


def migrations(statements: Statements) -> tuple[str, ...]:
    """The names of those applied."""
    known = statements.fetch("SELECT to_regclass('schema_migrations') IS NOT NULL AS known")[0]["known"]
    rows: list[Any] = statements.fetch("SELECT name FROM schema_migrations ORDER BY name") if known else []
    return tuple(row["name"] for row in rows)


def server_version(statements: Statements) -> str:
    """Such as 18.6."""
    version: str = statements.fetch("SHOW server_version")[0]["server_version"].split()[0]
    return version


def server_major(statements: Statements) -> int:
    """18 of 18.6."""
    number: str = statements.fetch("SHOW server_version_num")[0]["server_version_num"]
    return int(number) // 10_000
