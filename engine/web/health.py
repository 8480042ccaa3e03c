"""Alive, and ready: two questions with two answers. Alive restarts the process, ready routes calls to it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.responses import JSONResponse

from engine.pbx.admission import Facts, refusals
from engine.pbx.lateness import Lateness
from engine.pbx.registry import CallRegistry


@dataclass
class Readiness:
    """Whether new calls are welcome. `warmed_up` is set by the server once the vendors have been spoken to, `ill` once
    there are any: see `Facts.ill`."""

    registry: CallRegistry
    warmed_up: bool = False
    lateness: Lateness = field(default_factory=lambda: Lateness(float("inf")))
    ill: Callable[[], frozenset[str]] = frozenset

    def reasons(self) -> tuple[str, ...]:
        """Why not, the weightiest first; empty when ready. The dialplan is answered `busy` for the same reasons."""
        here = self.registry.statistics()
        return refusals(
            Facts(
                here.waiting + here.connected, self.registry.max_calls, warmed_up=self.warmed_up,
                draining=self.registry.draining, late=self.lateness.is_late, ill=self.ill(),
            )
        )  # fmt: skip

    @property
    def keeps_its_calls_only(self) -> bool:
        """No media connection may come here: there is no line yet, or those that end are the last."""
        return self.registry.draining or not self.warmed_up


def health_routes(readiness: Readiness) -> APIRouter:
    """`/healthz`, `/readyz` and `/readyz/media`."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """200 as long as the event loop turns."""
        return {"status": "alive"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        """200 when new calls are welcome, else 503 and the reasons."""
        return _told(readiness, 503 if readiness.reasons() else 200)

    @routes.get("/readyz/media")
    async def ready_for_media() -> JSONResponse:
        """For a balancer of media connections, whose calls were admitted before: 200, or 404 while draining, which
        HAProxy reads as `no new connections, but keep those there are`."""
        return _told(readiness, 404 if readiness.keeps_its_calls_only else 200)

    return routes


def _told(readiness: Readiness, status: int) -> JSONResponse:
    """Without counts: anybody may ask, and how many call is the shop's affair."""
    body = {"status": "ready" if status == 200 else "unready", "reasons": list(readiness.reasons())}
    return JSONResponse(body, status_code=status)
