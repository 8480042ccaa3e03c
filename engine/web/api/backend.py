"""What the API asks: handed in by the composition root, some of it only once it is open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from engine.config import Config
from engine.database import Database
from engine.knowledge.search import Knowledge, NoKnowledge
from engine.web.auth import Guard

type Record = Mapping[str, Any]


class Live(Protocol):
    """The calls in progress, of every engine that can be seen from here."""

    async def listed(self) -> Sequence[Record]:
        """Each with `id` and what its session says."""
        ...

    async def find(self, call_id: UUID) -> Record | None:
        """One of them."""
        ...

    async def hang_up(self, call_id: UUID) -> bool:
        """False: there is no such call."""
        ...


class Start(StrEnum):
    """What became of the wish to run a job."""

    STARTED = "started"
    RUNNING = "running"
    """Before already, wherever that is."""
    UNKNOWN = "unknown"
    NOBODY = "nobody"
    """No scheduler is there to run it."""


class Jobs(Protocol):
    """What is done by the clock, by the scheduler: not in the process of calls."""

    def listed(self) -> Sequence[Record]:
        """`name`, `cron`, `next` and `purpose` of each."""
        ...

    async def history(
        self, database: Database, job: str | None, limit: int, before: int | None = None
    ) -> Sequence[Record]:
        """The latest runs, the latest first; `before`: only those older than that id."""
        ...

    async def start(self, database: Database, name: str) -> Start:
        """Have a run begun, and do not wait for its end."""
        ...


@dataclass
class Backend:
    """`knowledge` and `live` are set once they are open; `articles_changed` has the vectors renewed."""

    config: Config
    guard: Guard
    jobs: Jobs | None = None
    live: Live | None = None
    knowledge: Knowledge = field(default_factory=NoKnowledge)
    articles_changed: Callable[[], None] = lambda: None

    @property
    def database(self) -> Database:
        """Raises `Problem` where none is configured."""
        return self.guard.database
