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
from engine.records.erasure import Erased, Erasure, Moved, erase, not_shown
from engine.records.phone_traces import scrub, traces_of
from engine.records.spool_folder import roots, spool_home, spool_root
from engine.records.spool_traces import erase_refused, names, waiting

_MARGIN = timedelta(minutes=5)
"""After the longest call: then it is one whose engine died."""


async def erase_everywhere(
    database: Database, config: Config, phone: str, moved: Moved = not_shown
) -> list[Erased]:  # fmt: skip
    """Raises `ErasureRefused` where records wait in a spool or he is on the line."""
    own, home = spool_root(config.records, config.database), spool_home(config.records)
    if await trio.to_thread.run_sync(waiting, own):
        raise ErasureRefused(f"records wait in {own} and would bring {phone} back: run `callctl records replay` first")
    his = re.compile(traces_of(phone))
    for root in await trio.to_thread.run_sync(roots, home):
        if await trio.to_thread.run_sync(names, root, lambda line: his.search(line) is not None):
            raise ErasureRefused(
                f"records of {phone} wait in {root}: bring them into their database first "
                f"(if it is this one, `callctl records replay --from {root}`)"
            )
    erasure = await erase(database, phone, timedelta(seconds=config.call.max_duration) + _MARGIN, moved)
    return [*erasure.done, *await _refused(home, phone, erasure), *await _sessions(config, phone, erasure)]


async def _refused(home: Path, phone: str, erasure: Erasure) -> list[Erased]:
    pattern = re.compile("|".join([traces_of(phone), *map(str, erasure.calls)]))

    def erase_lines() -> int:
        return sum(erase_refused(root, lambda line: pattern.search(line) is not None) for root in roots(home))

    lines = await trio.to_thread.run_sync(erase_lines)
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
