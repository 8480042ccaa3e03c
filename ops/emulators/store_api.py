"""The emulated store: the REST contract the engine's store client speaks, over the seeded catalogue.

Bearer key, `X-Request-Id`, envelope, validation and idempotency as the contract says. What is asked by a request whose
answer is cut off or never comes has been done, which is what the keys are for.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ops.emulators.faults import Faults
from ops.emulators.http_server import FaultyApp, HttpServer
from ops.emulators.store_api_answers import ERROR_CODES, IdempotencyKeys, Refused
from ops.emulators.store_api_fitting import FittingDesk, fitting_router
from ops.emulators.store_api_orders import OrderBook, orders_router
from ops.emulators.store_api_tires import tires_router
from ops.seed.catalogue import load_catalogue

API = "/api/v1"
SHOWN = 20
"""How many of the last orders and bookings the control shows."""


def kyiv_now() -> datetime:
    return datetime.now(ZoneInfo("Europe/Kyiv"))


class StoreEmulator:
    """The emulator; `start` and `stop` own its port. Any bearer key is taken unless `api_key` is given."""

    def __init__(self, faults: Faults, *, api_key: str | None = None, now: Callable[[], datetime] = kyiv_now) -> None:
        catalogue = load_catalogue()
        self.faults = faults
        self._api_key = api_key
        self._keys = IdempotencyKeys(now)
        self._orders = OrderBook(catalogue, now)
        self._desk = FittingDesk(catalogue, now)
        self._requests = 0
        self._refused: dict[str, int] = {}
        app = FastAPI(title="Emulated store", openapi_url=None)
        app.include_router(tires_router(catalogue, now), prefix=API)
        app.include_router(orders_router(self._orders, self._keys), prefix=API)
        app.include_router(fitting_router(self._desk, self._keys), prefix=API)
        app.middleware("http")(self._admit)
        app.add_exception_handler(Refused, self._answer_refused)
        app.add_exception_handler(RequestValidationError, self._answer_invalid)
        app.add_exception_handler(HTTPException, self._answer_unroutable)
        self._faulty = FaultyApp(app, faults, _refusal, acts_before_losing=True)
        self._server = HttpServer(self._faulty)

    async def start(self, host: str, port: int) -> int:
        return await self._server.start(host, port)

    async def stop(self) -> None:
        await self._server.stop()

    def counters(self) -> Mapping[str, Any]:
        return {
            "requests": self._requests,
            "refused": dict(self._refused),
            "abandoned": self._faulty.abandoned,
            "replayed": self._keys.replayed,
            "orders_placed": len(self._orders.placed),
            "orders": self._orders.placed[-SHOWN:],
            "bookings": list(self._desk.bookings.values())[-SHOWN:],
        }

    def reset_counters(self) -> None:
        """The orders themselves stay findable; only the list of those placed starts anew."""
        self._requests = self._faulty.abandoned = self._keys.replayed = 0
        self._refused.clear()
        self._orders.placed.clear()

    async def _admit(self, request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        self._requests += 1
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key or self._api_key not in (None, key):
            answer: Response = self._refuse(request, 401, "unauthorized", "a bearer key is required")
        else:
            answer = await proceed(request)
        answer.headers["X-Request-Id"] = _request_id(request)
        return answer

    def _refuse(self, request: Request, status: int, code: str, message: str) -> JSONResponse:
        self._refused[code] = self._refused.get(code, 0) + 1
        return _error(status, code, message, _request_id(request))

    async def _answer_refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return self._refuse(request, error.status, error.code, str(error))

    async def _answer_invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return self._refuse(request, 422, "validation_error", wrong)

    async def _answer_unroutable(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = ERROR_CODES.get(error.status_code, "error")
        return self._refuse(request, error.status_code, code, str(error.detail))


def _request_id(request: Request) -> str:
    """The caller's own, or one drawn once a request."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = request.headers.get("x-request-id") or str(uuid4())
    drawn: str = request.state.request_id
    return drawn


def _error(status: int, code: str, message: str, request_id: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message, "request_id": request_id}}, status)


def _refusal(status: int, retry_after_s: float | None) -> Response:
    request_id = str(uuid4())
    answer = _error(status, ERROR_CODES.get(status, "error"), "the store is not well", request_id)
    answer.headers["X-Request-Id"] = request_id
    if status in (429, 503):
        answer.headers["Retry-After"] = f"{1 if retry_after_s is None else retry_after_s:g}"
    return answer
