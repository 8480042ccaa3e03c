"""PostgreSQL, hidden: above this package nobody knows psycopg."""

from engine.database.migrations import Migration, migrate, status
from engine.database.pool import Database
from engine.database.session import Session
from engine.database.statements import Row, Runner, Statements

__all__ = ["Database", "Migration", "Row", "Runner", "Session", "Statements", "migrate", "status"]
