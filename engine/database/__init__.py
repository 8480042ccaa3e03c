"""PostgreSQL, hidden: above this package nobody knows psycopg."""

from engine.database.migrations import Migration, migrate, status
from engine.database.pool import Database, Statements

__all__ = ["Database", "Migration", "Statements", "migrate", "status"]
