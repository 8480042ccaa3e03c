"""How long the list of calls takes over HTTP: `python -m tests.bench.api_calls [--calls 100000]`.

A real PostgreSQL with three months of calls and what was said in them, the API on a real socket, one client with a key.
Prints a line for each thing one may look for.
"""

import argparse
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import httpx
import trio

from engine.access import keys
from engine.access.identity import Role
from engine.config import Config, HttpConfig
from engine.database import Database, migrate
from engine.web.app import create_metrics_app
from engine.web.serve import WebPorts, serve_web
from sql import MIGRATIONS
from tests.bench.data_daily import FILL
from tests.temporary import temporary_postgres
from tests.web.world import make_site

REQUESTS: Final = 200
WARM: Final = 10
BAR_MS: Final = 50.0
_DAYS: Final = 90
_TURNS: Final = """
    INSERT INTO call_turns (call_id, started_at, n, at, speaker, text)
    SELECT id, started_at, n, started_at + n * interval '10 seconds', CASE n % 2 WHEN 0 THEN 'bot' ELSE 'caller' END,
           CASE WHEN random() < 0.001 THEN 'чи є у вас Мішлен на сімнадцять'
                ELSE 'скільки коштують зимові шини ' || (175 + 10 * (n % 5))
           END
    FROM calls, generate_series(1, 6) AS n"""
_NUMBERS: Final = "UPDATE calls SET caller = '+38067' || lpad((abs(hashtext(id::text)) % 20000)::text, 7, '0')"
_LOOKED_FOR: Final[Mapping[str, str]] = {
    "the latest": "",
    "of an outcome": "outcome=silence",
    "of a scenario": "scenario=fitting",
    "well judged": "min_score=0.95",
    "of a caller": "caller=+380670000007",
    "of a week": "from={week}&to={day}",
    "a rare word": "search=мішлен",
    "a common word": "search=шини",
    "no such word": "search=парасолька",
    "a rare word of an outcome": "search=мішлен&outcome=silence",
}


async def run(url: str, count: int) -> float:
    """The p95 of the slowest kind, in milliseconds."""
    config = Config.from_env({"database": {"url": url, "statement_timeout_ms": 0}})
    async with Database(config.database) as database:
        await database.wait_available(10)
        await _fill(database, count)
        key = await keys.issue(database, "bench", Role.SUPERVISOR, None)
        async with _served(database, config) as base, httpx.AsyncClient(
            base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60
        ) as client:  # fmt: skip
            slowest = 0.0
            for name, query in _LOOKED_FOR.items():
                slowest = max(slowest, await _measure(client, name, query))
            return max(slowest, await _measure_deep_page(client))


async def _fill(database: Database, count: int) -> None:
    await migrate(database, MIGRATIONS)
    begins = datetime.now(UTC) - timedelta(days=_DAYS)
    for days in range(0, _DAYS + 31, 28):
        await database.execute("SELECT ensure_partitions(%s)", [begins + timedelta(days=days)])
    await database.execute(FILL, {"begins": begins, "hours": _DAYS * 24, "calls": count})
    await database.execute(_NUMBERS)
    await database.execute(_TURNS)
    await database.execute("VACUUM ANALYZE")


@asynccontextmanager
async def _served(database: Database, config: Config) -> AsyncIterator[str]:
    http = HttpConfig(port=0, metrics_port=0)
    site = make_site(database, config)
    async with trio.open_nursery() as nursery:
        ports: WebPorts = await nursery.start(partial(serve_web, http, site.app, create_metrics_app()))
        yield f"http://127.0.0.1:{ports.http}"
        nursery.cancel_scope.cancel()


async def _measure(client: httpx.AsyncClient, name: str, query: str) -> float:
    now = datetime.now(UTC)
    filled = query.format(week=(now - timedelta(days=37)).date(), day=(now - timedelta(days=30)).date())
    moments = filled.replace("&to=", "T00:00:00Z&to=") + ("T00:00:00Z" if "to=" in filled else "")
    return await _repeat(client, name, f"/api/v1/calls?{moments.replace('+', '%2B')}")


async def _measure_deep_page(client: httpx.AsyncClient) -> float:
    """After some thousand calls."""
    after = ""
    for _ in range(20):
        after = (await client.get(f"/api/v1/calls?limit=200&after={after}")).json()["next"]
    return await _repeat(client, "the 21st page of 200", f"/api/v1/calls?limit=200&after={after}")


async def _repeat(client: httpx.AsyncClient, name: str, path: str) -> float:
    took, found = [], 0
    for number in range(WARM + REQUESTS):
        began = time.perf_counter()
        answer = await client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        found = len(answer.raise_for_status().json()["calls"])
        if number == WARM:
            took.clear()
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"{name:28} {found:4} calls  p50 {statistics.median(took):6.1f} ms  p95 {p95:6.1f} ms")
    return p95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    chosen = parser.parse_args()
    with temporary_postgres() as server:
        slowest = trio.run(run, server.url, chosen.calls)
    print(f"list of {chosen.calls} calls: slowest p95 {slowest:.1f} ms (bar {BAR_MS:.0f} ms)")


if __name__ == "__main__":
    main()
