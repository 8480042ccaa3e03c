"""PostgreSQL, hidden: above this package nobody knows psycopg."""

from engine.database.migrations import MigrationStatus, migrate, require_current, status
from engine.database.pipeline import Pipeline, Statement
from engine.database.pool import Database
from engine.database.session import Session
from engine.database.statements import Names, Row, Runner, Statements

__all__ = [
    "Database",
    "MigrationStatus",
    "Names",
    "Pipeline",
    "Row",
    "Runner",
    "Session",
    "Statement",
    "Statements",
    "migrate",
    "require_current",
    "status",
]
