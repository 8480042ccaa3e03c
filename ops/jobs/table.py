"""The jobs there are, by the hour of the night: what is about to be removed has been counted and copied before."""

from collections.abc import Mapping
from typing import Final

from ops.jobs.backup import back_up, verify_backup
from ops.jobs.daily_stats import daily_stats
from ops.jobs.embeddings import refresh_embeddings
from ops.jobs.job import Job
from ops.jobs.partitions import ensure_partitions
from ops.jobs.quality import evaluate_quality
from ops.jobs.retention import run_retention

_JOBS: Final = (
    Job("partitions", "5 0 * * *", "make the months ahead in every table that rolls by month", ensure_partitions),
    Job("quality", "10 * * * *", "have the calls that have ended judged by a small model", evaluate_quality),
    Job("daily-stats", "40 0 * * *", "count the day that is over, and those that were missed", daily_stats),
    Job("backup", "30 1 * * *", "back the database up, remove back-ups that are too old", back_up),
    Job("backup-verify", "30 2 * * *", "restore the newest back-up beside the database and compare", verify_backup),
    Job("retention", "15 4 * * *", "remove what is older than the policy allows", run_retention),
    Job("embeddings", "15 5 * * *", "bring the vectors of the knowledge base up to date", refresh_embeddings),
)

JOBS: Final[Mapping[str, Job]] = {job.name: job for job in _JOBS}
