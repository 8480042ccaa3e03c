"""A search as a call makes it, from the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.database import with_database

if TYPE_CHECKING:
    from engine.database import Database
    from engine.knowledge.evaluation import Asked, Question
    from engine.knowledge.ranking import Ranked

_PATIENCE = 15.0
"""Seconds for the vectors to be ready: a model may have to be loaded. Without them words alone are searched."""


def ranked(question: str, category: str | None) -> "Sequence[Ranked]":
    """All that is considered, best first."""
    from engine.config import Config
    from engine.knowledge.opening import open_knowledge

    async def search(database: "Database") -> "Sequence[Ranked]":
        async with open_knowledge(Config.from_env(), database, patience=_PATIENCE) as knowledge:
            return await knowledge.ranked(question, category)

    return with_database(search)


def evaluate(questions: "Sequence[Question]") -> "Sequence[Asked]":
    """What each question finds, under a progress bar."""
    from cli.progress import Progress
    from engine.config import Config
    from engine.knowledge.evaluation import Asked, ask_all
    from engine.knowledge.opening import open_knowledge

    async def ask(database: "Database") -> "Sequence[Asked]":
        async with open_knowledge(Config.from_env(), database, patience=_PATIENCE) as knowledge:

            async def find(question: str) -> Sequence[str]:
                return [passage.source for passage in await knowledge.search(question)]

            with Progress() as progress:
                done = 0

                def told(asked: Asked) -> None:
                    nonlocal done
                    done += 1
                    progress.moved(asked.question.text, done, len(questions))

                return await ask_all(questions, find, told)

    return with_database(ask)
