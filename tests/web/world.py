"""The application as the engine builds it, with a real database, and whoever asks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from engine.access import keys, links, users
from engine.access.identity import Role
from engine.access.passwords import Passwords
from engine.cache import Cache
from engine.config import Config, HttpConfig, RedisConfig
from engine.database import Database
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import SharedRegistry
from engine.web.api import Backend
from engine.web.api.backend import Start
from engine.web.app import create_app
from engine.web.auth import Guard
from engine.web.health import Readiness

PASSWORD = "правильний кінь батарея"
ADDRESS = "203.0.113.7"
SITE = "http://127.0.0.1"


@dataclass
class FakeLive:
    """Calls in progress by id."""

    calls: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    ended: list[UUID] = field(default_factory=list)

    async def listed(self) -> Sequence[Mapping[str, Any]]:
        return [{"id": str(call_id), **document} for call_id, document in self.calls.items()]

    async def find(self, call_id: UUID) -> Mapping[str, Any] | None:
        return {"id": str(call_id), **self.calls[call_id]} if call_id in self.calls else None

    async def hang_up(self, call_id: UUID) -> bool:
        self.ended.append(call_id)
        return call_id in self.calls


@dataclass
class FakeJobs:
    """One job; `started` remembers, `runs` is what is told of those before."""

    started: list[str] = field(default_factory=list)
    runs: list[Mapping[str, Any]] = field(default_factory=list)

    def listed(self) -> Sequence[Mapping[str, Any]]:
        return [{"name": "partitions", "cron": "5 0 * * *", "next": "2026-11-23T00:05:00+02:00", "purpose": "months"}]

    async def history(
        self, database: Database, job: str | None, limit: int, before: int | None = None
    ) -> Sequence[Mapping[str, Any]]:
        return [run for run in self.runs if before is None or run["id"] < before][:limit]

    async def start(self, database: Database, name: str) -> Start:
        self.started.append(name)
        return {"partitions": Start.STARTED, "backup": Start.NOBODY}.get(name, Start.UNKNOWN)


@dataclass
class Site:
    """The application and what it was made of."""

    app: FastAPI
    backend: Backend
    live: FakeLive
    jobs: FakeJobs
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def database(self) -> Database:
        return self.backend.database

    def client(self, *, address: str = ADDRESS, base: str = SITE, **more: Any) -> httpx.AsyncClient:
        """Somebody at `address`, unknown so far."""
        transport = httpx.ASGITransport(self.app, client=(address, 40000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=base, **more)

    async def key(self, role: Role, name: str = "test") -> str:
        return await keys.issue(self.database, name, role, None)

    async def with_key(self, role: Role) -> httpx.AsyncClient:
        """A program with a key of that role."""
        return self.client(headers={"Authorization": f"Bearer {await self.key(role)}"})

    async def add_user(self, name: str, role: Role) -> users.User:
        """With `PASSWORD`."""
        user = await users.add(self.database, name, role)
        assert user is not None
        assert await links.redeem(
            self.database, await links.issue(self.database, user), await self.passwords.hash(PASSWORD)
        )
        return user

    async def logged_in(self, name: str, role: Role) -> httpx.AsyncClient:
        """A new user's browser, which sends the CSRF token with every request."""
        await self.add_user(name, role)
        client = self.client()
        answer = await client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return client


def make_site(database: Database | None, config: Config, **http: Any) -> Site:
    """`http`: settings that differ."""
    config.http = HttpConfig(**http)
    live, jobs = FakeLive(), FakeJobs()
    backend = Backend(config, Guard(config.http, database), jobs=jobs, live=live)
    ready = Readiness(CallRegistry(1, lambda: 0.0), warmed_up=True)
    registry = SharedRegistry(ready.registry, Cache(RedisConfig(url=SecretStr(""))), ready.reasons)
    return Site(create_app(config.http, registry, ready, backend), backend, live, jobs)
