"""The vectors of the embedded knowledge base: nobody else would make them.

In the background, for it takes a minute or two on a first start; until then search goes by words. What was done when
the engine is stopped stays done.
"""

from engine.config import Config
from engine.database import Database
from engine.errors import EngineError
from engine.knowledge.embeddings.reindex import reindex
from engine.knowledge.embeddings.report import told
from engine.log import get_logger

log = get_logger("embedded")


async def index_articles(config: Config) -> None:
    """Never fails: what is wrong is logged, and words must do."""
    try:
        async with Database(config.database) as database:
            done = await reindex(config, database)
    except EngineError as error:
        log.warning("articles_not_indexed", error=str(error))
    else:
        log.info("articles_indexed", result=told(done))
