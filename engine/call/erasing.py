"""A person is erased everywhere: from the tables, the spools of this machine, the sessions of calls."""

import re
from datetime import timedelta
from pathlib import Path

import trio

from engine.cache import Cache
from engine.call.session import erase_sessions
from engine.config import Config
from engine.database import Database
from engine.errors import CacheError, ErasureRefused
from engine.records.erasure import Erased, Erasure, erase
from engine.records.phone_traces import scrub, traces_of
from engine.records.spool_folder import spool_root
from engine.records.spool_traces import erase_refused, waiting

_MARGIN = timedelta(minutes=5)
"""After the longest call: then it is one whose engine died."""


async def erase_everywhere(database: Database, config: Config, phone: str) -> list[Erased]:
    """Raises `ErasureRefused` where records wait in a spool or he is on the line."""
    root = spool_root(config.records, config.database)
    if await trio.to_thread.run_sync(waiting, root):
        raise ErasureRefused(f"records wait in {root} and would bring {phone} back: run `callctl records replay` first")
    erasure = await erase(database, phone, timedelta(seconds=config.call.max_duration) + _MARGIN)
    return [*erasure.done, *await _refused(root, phone, erasure), *await _sessions(config, phone, erasure)]


async def _refused(root: Path, phone: str, erasure: Erasure) -> list[Erased]:
    pattern = re.compile("|".join([traces_of(phone), *map(str, erasure.calls)]))
    lines = await trio.to_thread.run_sync(erase_refused, root, lambda line: pattern.search(line) is not None)
    return [Erased("refused records", "deleted", lines)] if lines else []


async def _sessions(config: Config, phone: str, erasure: Erasure) -> list[Erased]:
    cache, pattern = Cache(config.redis), re.compile(traces_of(phone))
    if not cache.configured:
        return []
    try:
        found = await erase_sessions(cache, erasure.calls, lambda document: scrub(document, pattern) != document)
    except CacheError as error:
        ttl = config.call.session_ttl
        return [Erased("sessions", f"may be left ({error}); they end by themselves within {ttl} s", 0)]
    finally:
        await cache.aclose()
    return [Erased("sessions", "deleted", found)] if found else []
