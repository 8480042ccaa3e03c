"""What the supervisor answers on the port of the metrics: for all workers at once, where `HTTP_PORT` is each one's."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.supervisor.supervisor import Supervisor

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def create_supervisor_app(supervisor: Supervisor) -> Starlette:
    """`/metrics`, `/readyz` (200 while any worker welcomes calls) and `/healthz`."""

    async def metrics(_request: Request) -> Response:
        return Response(await supervisor.metrics(), media_type=_TEXT)

    async def ready(_request: Request) -> Response:
        count = supervisor.ready_workers
        body = {"status": "ready" if count else "unready", "workers": {"wanted": supervisor.wanted, "ready": count}}
        return JSONResponse(body, status_code=200 if count else 503)

    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    return Starlette(routes=[Route("/metrics", metrics), Route("/readyz", ready), Route("/healthz", alive)])
