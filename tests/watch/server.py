"""A real Prometheus, and asking it."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import trio

from tests.cli.running import free_ports

_START_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    client: httpx.AsyncClient

    async def query(self, expression: str) -> list[Any]:
        """The samples of an instant query; fails with Prometheus' own words where it cannot be evaluated."""
        answer = await self.client.post("/api/v1/query", data={"query": expression})
        body = answer.json()
        assert body["status"] == "success", f"{expression}: {body}"
        samples: list[Any] = body["data"]["result"]
        return samples

    async def has(self, selector: str) -> bool:
        """Whether there has been such a series in the last minutes."""
        return bool(await self.query(f"last_over_time({selector}[5m])"))

    async def unhealthy_rules(self) -> list[str]:
        """Those whose evaluation failed, or that have not been evaluated yet."""
        groups = (await self.client.get("/api/v1/rules")).json()["data"]["groups"]
        return [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"]


@contextmanager
def running(program: str, config: Path, data: Path) -> Iterator[str]:
    """A Prometheus on a free port; gives its URL."""
    [port] = free_ports(1)
    where = f"127.0.0.1:{port}"
    command = [program, f"--config.file={config}", f"--storage.tsdb.path={data}", f"--web.listen-address={where}"]
    with (
        (data.parent / "prometheus.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            yield f"http://{where}"
        finally:
            process.terminate()


@asynccontextmanager
async def prometheus(program: str, config: Path, data: Path) -> AsyncIterator[Prometheus]:
    """The same, once it answers."""
    with running(program, config, data) as url:
        async with httpx.AsyncClient(base_url=url, timeout=10) as client:
            await _wait_ready(client)
            yield Prometheus(client)


async def _wait_ready(client: httpx.AsyncClient) -> None:
    with trio.fail_after(_START_SECONDS):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/-/ready")).status_code == 200:
                    return
            await trio.sleep(0.1)
