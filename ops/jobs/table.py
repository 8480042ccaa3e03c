"""The jobs there are, in the order of a night: what is made first is not lost, what is copied was computed before."""

from collections.abc import Mapping
from typing import Final

from ops.jobs.embeddings import refresh_embeddings
from ops.jobs.job import Job

_JOBS: Final = (
    Job("embeddings", "20 5 * * *", "bring the vectors of the knowledge base up to date", refresh_embeddings),
)

JOBS: Final[Mapping[str, Job]] = {job.name: job for job in _JOBS}
