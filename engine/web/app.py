"""The engine's two HTTP applications: its own, and the metrics, on a port of their own that the PBX never sees."""

from fastapi import FastAPI
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.config import HttpConfig
from engine.metrics import REGISTRY
from engine.pbx.shared_registry import SharedRegistry
from engine.web.api import PREFIX, Backend, create_api
from engine.web.auth import protect
from engine.web.auth.site import Site
from engine.web.console import PREFIX as CONSOLE
from engine.web.console import create_console
from engine.web.health import Readiness, health_routes
from engine.web.pbx_api import pbx_routes
from engine.web.problems import answer_with_problems


def create_app(
    config: HttpConfig, registry: SharedRegistry, readiness: Readiness, backend: Backend | None = None
) -> FastAPI:
    """Health and the dialplan's questions; with `backend` also the API and the console."""
    app = FastAPI(title="callctl", docs_url=None, redoc_url=None, openapi_url=None)
    answer_with_problems(app)
    protect(app, Site(config))
    if backend is not None:
        app.mount(PREFIX, create_api(backend))
        app.mount(CONSOLE, create_console(backend, readiness))
    app.include_router(health_routes(readiness))
    app.include_router(pbx_routes(registry, config))
    return app


def create_metrics_app() -> Starlette:
    """`/metrics` in Prometheus text format: the engine's series, then those of the process and the interpreter."""
    process = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=process)

    async def metrics(_request: Request) -> Response:
        # on the loop: 2 ms at most, while a thread would contend for the GIL with the media clock all the same
        body = generate_latest(REGISTRY) + generate_latest(process)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", metrics)])
