"""Brings the vectors of the knowledge base up to date."""

from engine.knowledge.embeddings.providers import wanted
from engine.knowledge.embeddings.reindex import plan, reindex
from engine.knowledge.embeddings.report import told
from ops.jobs.job import JobContext


async def refresh_embeddings(context: JobContext) -> None:
    """Only within a provider, a model and a size: a change of these is somebody's decision."""
    planned = await plan(context.database, wanted(context.config))
    if not planned.chunks:
        context.report("no article is loaded: nothing to do")
    elif planned.active is not None and not planned.alike:
        context.report(
            f"the settings ask for {planned.wanted}, search uses {planned.active.made}: "
            "callctl embeddings reindex makes the change; nothing was done"
        )
    else:
        context.report(told(await reindex(context.config, context.database)))
