"""The scheduler inside one process, on a clock of ours: a minute of the schedule passes whenever a test says so."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import trio

from engine.config import Config
from engine.database import Database
from engine.errors import DatabaseError
from ops.jobs import requests, runs
from ops.jobs.job import Job, JobContext
from ops.scheduler.metrics import REGISTRY
from ops.scheduler.scheduler import Pace, Scheduler

PACE = Pace(lease=4.0, contend=0.05, tick=0.05, scrape=0.05, look=0.05)
HOLDER = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = hashtext(%s)::oid"


class Clock:
    """Stands still until moved. It begins in the first minute after the tables were made."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1, seconds=1)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


class Work:
    """A job's work: counts its runs; ends when `may_end` is set."""

    def __init__(self) -> None:
        self.started = 0
        self.may_end = trio.Event()

    async def __call__(self, context: JobContext) -> None:
        self.started += 1
        context.report("begun")
        await self.may_end.wait()
        context.report("done")


async def quick(context: JobContext) -> None:
    context.report("quick work")


async def broken(context: JobContext) -> None:
    context.report("so far so good")
    raise DatabaseError("no room left")


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no events
            await trio.sleep(0.01)


async def recorded(database: Database, count: int, *, ended: bool = True) -> list[runs.JobRun]:
    """Wait until so many runs are on record; the oldest first."""
    with trio.fail_after(20):
        while True:
            found = [run for run in await runs.history(database) if not ended or run.ok is not None]
            if len(found) >= count:
                return found[::-1]
            await trio.sleep(0.02)


@asynccontextmanager
async def scheduling(
    database: Database, clock: Clock, *jobs: Job, schedulers: int = 1, stop_seconds: float = 10
) -> AsyncIterator[trio.Event]:
    """So many schedulers, told to stop at the end."""
    config = Config.from_env({"scheduler": {"stop_seconds": stop_seconds}})
    stop = trio.Event()
    with trio.fail_after(40):
        async with trio.open_nursery() as nursery:
            for _ in range(schedulers):
                nursery.start_soon(Scheduler(jobs, config, database, now=clock, pace=PACE).run, stop)
            yield stop
            stop.set()


async def test_each_time_is_run_once_by_one_of_three(database: Database) -> None:
    clock = Clock()
    async with scheduling(database, clock, Job("quick", "* * * * *", "", quick), schedulers=3):
        for minute in range(3):
            await recorded(database, minute + 1)
            clock.pass_by(minutes=1)
        found = await recorded(database, 4)
    assert [(run.ok, run.output) for run in found] == [(True, "quick work")] * 4
    first = found[0].scheduled_for
    assert first is not None
    assert [run.scheduled_for for run in found] == [first + timedelta(minutes=n) for n in range(4)]


async def test_what_was_missed_is_made_up_for_once(database: Database) -> None:
    clock, job = Clock(), Job("quick", "*/10 * * * *", "", quick)
    clock.pass_by(hours=5)
    async with scheduling(database, clock, job):
        await recorded(database, 1)
    clock.pass_by(days=3)
    async with scheduling(database, clock, job):
        found = await recorded(database, 2)
        await trio.sleep(5 * PACE.tick)
    assert len(await recorded(database, 2)) == 2
    assert [clock.now - run.scheduled_for < timedelta(minutes=10) for run in found if run.scheduled_for] == [
        False,
        True,
    ]


async def test_a_job_that_never_ended_well_is_awaited_since_the_database_was_made(database: Database) -> None:
    """Without a value there would be no alert of it, ever."""
    since = await runs.known_since(database)
    async with scheduling(database, Clock(), Job("never-ends-well", "* * * * *", "", broken)):
        await recorded(database, 1)
    told = REGISTRY.get_sample_value("callctl_job_last_success_timestamp_seconds", {"name": "never-ends-well"})
    assert told == since.timestamp()


async def test_a_failing_job_is_on_record_and_the_others_go_on(database: Database) -> None:
    jobs = Job("broken", "* * * * *", "", broken), Job("quick", "* * * * *", "", quick)
    async with scheduling(database, Clock(), *jobs):
        found = {run.job: run for run in await recorded(database, 2)}
    assert (found["broken"].ok, found["broken"].output) == (False, "so far so good\nfailed: no room left")
    assert found["quick"].ok


async def test_a_job_runs_once_at_a_time_and_others_beside_it(database: Database) -> None:
    clock, slow = Clock(), Work()
    async with scheduling(database, clock, Job("slow", "* * * * *", "", slow), Job("quick", "* * * * *", "", quick)):
        await until(lambda: slow.started == 1)
        for minute in range(3):
            await recorded(database, minute + 1)  # of the quick one
            clock.pass_by(minutes=1)
        assert slow.started == 1
        slow.may_end.set()
        await until(lambda: slow.started == 2)


async def test_what_people_ask_for_is_run_once_and_at_once(database: Database) -> None:
    """Also what the clock never asks for; what another version knows is left to it."""
    jobs = Job("yearly", "0 0 1 1 *", "", quick), Job("other", "0 0 1 1 *", "", quick)
    async with scheduling(database, Clock(), *jobs, schedulers=2):
        await requests.request(database, "strange")
        await requests.request(database, "yearly")
        [run] = await recorded(database, 1)
        await trio.sleep(5 * PACE.look)
    assert (run.job, run.scheduled_for, run.ok) == ("yearly", None, True)
    assert len(await recorded(database, 1)) == 1
    assert await requests.withdraw(database, "strange")
    assert not await requests.withdraw(database, "yearly")


async def test_stopping_lets_a_job_end(database: Database) -> None:
    slow = Work()
    async with scheduling(database, Clock(), Job("slow", "* * * * *", "", slow)) as stop:
        await until(lambda: slow.started == 1)
        stop.set()
        await trio.sleep(0.2)
        slow.may_end.set()
    [run] = await recorded(database, 1)
    assert (run.ok, run.output) == (True, "begun\ndone")


async def test_stopping_waits_so_long_and_no_longer(database: Database) -> None:
    slow = Work()
    async with scheduling(database, Clock(), Job("slow", "* * * * *", "", slow), stop_seconds=0.2) as stop:
        await until(lambda: slow.started == 1)
        stop.set()
    [run] = await recorded(database, 1)
    assert (run.ok, run.output) == (False, "begun\n(stopped before its end)")


async def test_without_its_lock_a_scheduler_starts_nothing_until_it_leads_again(database: Database) -> None:
    clock, slow = Clock(), Work()
    async with scheduling(database, clock, Job("slow", "* * * * *", "", slow), Job("quick", "* * * * *", "", quick)):
        await recorded(database, 1)
        [leader] = await database.fetch(HOLDER, ["scheduler"])
        await database.execute("SELECT pg_terminate_backend(%s)", [leader["pid"]])
        clock.pass_by(minutes=1)
        await recorded(database, 2)  # by whoever leads now
        assert [row["pid"] for row in await database.fetch(HOLDER, ["scheduler"])] != [leader["pid"]]
        slow.may_end.set()  # what ran when the lock was lost went on
        found = [run for run in await recorded(database, 3) if run.job == "slow"]
    assert (found[0].ok, found[0].output) == (True, "begun\ndone")


async def test_a_job_that_lost_its_own_lock_is_cut_short(database: Database) -> None:
    slow = Work()
    async with scheduling(database, Clock(), Job("slow", "* * * * *", "", slow)):
        await until(lambda: slow.started == 1)
        [holder] = await database.fetch(HOLDER, [runs.lock_name("slow")])
        await database.execute("SELECT pg_terminate_backend(%s)", [holder["pid"]])
        [run] = await recorded(database, 1)
    assert run.output == "begun\nfailed: the connection that held the job's lock is gone"


async def test_a_run_whose_process_died_is_ended_by_the_next_leader(database: Database) -> None:
    await runs.begin(database, "slow", datetime(2026, 1, 1, tzinfo=UTC))
    async with scheduling(database, Clock()):
        [run] = await recorded(database, 1)
    assert (run.ok, run.output) == (False, runs.DIED)


async def test_a_run_that_was_killed_is_made_up_for_once_and_counted(database: Database) -> None:
    clock, job = Clock(), Job("killed", "* * * * *", "", quick)
    due = clock.now.replace(second=0)
    for attempt in (1, 2):
        assert await runs.begin(database, "killed", due) is not None
        assert await runs.begin(database, "killed", due) is None
        async with scheduling(database, clock, *([job] if attempt == 2 else [])):
            await recorded(database, attempt)
            await until(lambda: counted_failed("killed") == attempt)  # noqa: B023
            await trio.sleep(5 * PACE.tick)
    assert [(run.ok, run.scheduled_for) for run in await recorded(database, 2)] == [(False, due)] * 2
    clock.pass_by(minutes=1)
    async with scheduling(database, clock, job):
        assert [run.ok for run in await recorded(database, 3)] == [False, False, True]


async def test_what_was_cut_short_is_run_again(database: Database) -> None:
    clock, slow = Clock(), Work()
    for _ in range(2):
        async with scheduling(database, clock, Job("slow", "* * * * *", "", slow), stop_seconds=0.1) as stop:
            await until(lambda: slow.started > 0)
            stop.set()
        slow.started = 0
    slow.may_end.set()
    async with scheduling(database, clock, Job("slow", "* * * * *", "", slow)):
        await trio.sleep(10 * PACE.tick)
    assert [run.ok for run in await recorded(database, 2)] == [False, False]


def counted_failed(job: str) -> float:
    return REGISTRY.get_sample_value("callctl_job_runs_total", {"name": job, "result": "failed"}) or 0.0


async def test_a_table_that_is_missing_is_waited_for(database: Database) -> None:
    await database.execute("ALTER TABLE job_runs RENAME TO elsewhere")
    try:
        async with scheduling(database, Clock(), Job("quick", "* * * * *", "", quick)):
            await trio.sleep(0.5)
            await database.execute("ALTER TABLE elsewhere RENAME TO job_runs")
            assert await recorded(database, 1)
    finally:
        await database.execute("ALTER TABLE IF EXISTS elsewhere RENAME TO job_runs")
