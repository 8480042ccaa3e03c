"""Runs that somebody has asked for: written by whoever is asked, taken by the scheduler that leads."""

from collections.abc import Iterable

from engine.database import Runner


async def request(runner: Runner, job: str) -> None:
    """Raises `DatabaseError`, as all of these. Twice before it is taken is once."""
    await runner.execute("INSERT INTO job_requests (job) VALUES (%s) ON CONFLICT DO NOTHING", [job])


async def is_waiting(runner: Runner, job: str) -> bool:
    """Whether nobody has taken it yet."""
    return bool(await runner.fetch("SELECT FROM job_requests WHERE job = %s", [job]))


async def withdraw(runner: Runner, job: str) -> bool:
    """False: somebody has taken it before."""
    return await runner.execute("DELETE FROM job_requests WHERE job = %s", [job]) > 0


async def take(runner: Runner, jobs: Iterable[str]) -> list[str]:
    """Those of `jobs` that are asked for; each is told of once."""
    rows = await runner.fetch("DELETE FROM job_requests WHERE job = ANY(%s) RETURNING job", [list(jobs)])
    return [row["job"] for row in rows]
