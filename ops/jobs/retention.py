"""Removes what is older than the policy allows."""

from datetime import UTC, datetime

from engine.records import retention
from ops.jobs.job import JobContext


async def run_retention(context: JobContext) -> None:
    def ended(outcome: retention.Outcome) -> None:
        if outcome.error is None and (outcome.rows or outcome.verb == "dropped"):
            context.report(f"{outcome.verb} {outcome.target}: {outcome.rows} rows")

    await retention.run(context.database, context.config.retention, datetime.now(UTC), ended=ended)
    context.report("nothing older than the policy allows is left")
