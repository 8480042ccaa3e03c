"""What a job is, and what it is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.config import Config
from engine.database import Database

type Report = Callable[[str], None]
"""Takes a line for whoever reads the run's output, now or later."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What takes longer than DATABASE_STATEMENT_TIMEOUT_MS needs a session of `database`."""

    config: Config
    database: Database
    report: Report


@dataclass(frozen=True, slots=True)
class Job:
    """`cron` is read in CALL_TIMEZONE. `run` raises if it fails, and may be run any number of times."""

    name: str
    cron: str
    purpose: str
    run: Callable[[JobContext], Awaitable[None]]
