"""Alive, and ready: two questions with two answers. Alive restarts the process, ready routes calls to it."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import JSONResponse

from engine.pbx.registry import CallRegistry


@dataclass
class Readiness:
    """Whether new calls are welcome. `warmed_up` is set by the server once the vendors have been spoken to."""

    registry: CallRegistry
    warmed_up: bool = False

    def reasons(self) -> list[str]:
        """Why not; empty when ready."""
        no_room = not self.registry.draining and not self.registry.has_room
        checks = {"warming_up": not self.warmed_up, "draining": self.registry.draining, "at_capacity": no_room}
        return [reason for reason, holds in checks.items() if holds]


def health_routes(readiness: Readiness) -> APIRouter:
    """`/healthz` and `/readyz`."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def alive() -> dict[str, str]:
        """200 as long as the event loop turns."""
        return {"status": "alive"}

    @routes.get("/readyz")
    async def ready() -> JSONResponse:
        """200 when new calls are welcome, else 503 and the reasons."""
        reasons = readiness.reasons()
        numbers = readiness.registry.statistics()
        body = {
            "status": "unready" if reasons else "ready",
            "reasons": reasons,
            "calls": {"waiting": numbers.waiting, "connected": numbers.connected},
        }
        return JSONResponse(body, status_code=503 if reasons else 200)

    return routes
