"""One request to the store under the policy of its contract: time limits, retries, the breaker, errors in our terms.

Before: `client` says what to ask. After: bytes of an answer, or a `StoreError`.

Policy: `config.timeout` seconds a try; at most `config.max_retries` repeats, only for 429, 503, connection errors and
timeouts, and of a mutation only because it carries its key; 1 s then 2 s between tries, or what Retry-After says; all
within `config.patience`. A 500 is never repeated: what it left behind is unknown.
"""

import re
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

import httpx
import trio

from engine import metrics
from engine.breaker import BreakerOpen, CircuitBreaker
from engine.config import StoreConfig
from engine.errors import ConfigError, StoreError, StoreRejected
from engine.log import get_logger

log = get_logger("store.http")

VENDOR: Final = "store"
_BACKOFF: Final = (1.0, 2.0)
_LIMITS: Final = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30.0)
"""A connection for each of 200 calls; a quarter of them may wait open for the next turn."""

_SECONDS: Final = re.compile(r"\d+(\.\d+)?")

type Query = Mapping[str, str | int | None]
type Body = Mapping[str, object]


class TryFailed(StoreError):
    """One try failed in a way the policy speaks about. `after`: seconds the store asks us to wait, if it does."""

    def __init__(self, message: str, *, retryable: bool, after: float | None = None) -> None:
        super().__init__(VENDOR, message, retryable=retryable)
        self.after = after


class StoreIll(TryFailed):
    """A timeout, a connection error or a 5xx: what the breaker counts."""


class StoreHttp:
    """The store's HTTP connection pool. Enter it before asking."""

    def __init__(self, config: StoreConfig, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if not config.base_url:
            raise ConfigError("STORE_BASE_URL: the store's address is needed, up to, not including, /api/v1")
        self._config = config
        # One time limit, trio's: httpx would count connecting, sending and reading each for itself.
        self._client = httpx.AsyncClient(
            base_url=f"{config.base_url.rstrip('/')}/api/v1",
            headers=_standing_headers(config),
            timeout=None,
            limits=_LIMITS,
            transport=transport,
        )
        self.breaker = CircuitBreaker(
            VENDOR, illness=(StoreIll,), gauge=metrics.BREAKER_OPEN.labels(VENDOR), clock=trio.current_time
        )

    async def __aenter__(self) -> "StoreHttp":
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Body | None = None,
        key: str | None = None,
    ) -> bytes:
        """The body of a 2xx answer. `key`: the Idempotency-Key, the same for every try; a mutation without one is tried
        once. Raises `StoreRejected` for a 4xx, `StoreError` for everything else."""
        request = self._client.build_request(
            method,
            path,
            params={name: value for name, value in (query or {}).items() if value is not None},
            json=body,
            headers={"X-Request-Id": uuid4().hex} | ({"Idempotency-Key": key} if key else {}),
        )
        deadline = trio.current_time() + self._config.patience
        repeats = self._config.max_retries if key or method == "GET" else 0
        tries = 0
        while True:
            try:
                return await self._try(request, deadline)
            except TryFailed as failure:
                wait = failure.after if failure.after is not None else _BACKOFF[min(tries, len(_BACKOFF) - 1)]
                late = trio.current_time() + wait >= deadline
                if not failure.retryable or tries >= repeats or late:
                    raise
                tries += 1
                await trio.sleep(wait)

    async def _try(self, request: httpx.Request, deadline: float) -> bytes:
        started = trio.current_time()
        try:
            with self.breaker.guard():
                response = await self._send(request, min(started + self._config.timeout, deadline))
                _raise_for_illness(response)
        except BreakerOpen as error:
            raise StoreError(VENDOR, "its circuit breaker is open") from error
        except TryFailed as failure:
            metrics.VENDOR_ERRORS.labels(VENDOR).inc()
            log.warning("store_try_failed", **_names(request), error=str(failure), seconds=_since(started))
            raise
        metrics.VENDOR_SECONDS.labels(VENDOR).observe(trio.current_time() - started)
        log.info(
            "store_answered",
            **_names(request),
            status=response.status_code,
            store_request_id=response.headers.get("X-Request-Id"),
            seconds=_since(started),
        )
        if response.is_success:
            return response.content
        raise _rejection(response)

    async def _send(self, request: httpx.Request, deadline: float) -> httpx.Response:
        try:
            with trio.CancelScope(deadline=deadline):
                return await self._client.send(request)
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise StoreError(VENDOR, f"a request that cannot be sent: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise StoreIll(f"connection failed: {type(error).__name__}", retryable=True) from error
        except httpx.RequestError as error:
            raise StoreError(VENDOR, f"unreadable answer: {type(error).__name__}") from error
        raise StoreIll("no answer in time", retryable=True)


def _standing_headers(config: StoreConfig) -> dict[str, str]:
    key = config.api_key.get_secret_value()
    # An empty key would make an illegal header; without one the store says 401, which is what is wrong.
    return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})


def _raise_for_illness(response: httpx.Response) -> None:
    status = response.status_code
    if status >= 500:
        raise StoreIll(_says(response), retryable=status == 503, after=_retry_after(response))
    if status == 429:
        raise TryFailed(_says(response), retryable=True, after=_retry_after(response))


def _rejection(response: httpx.Response) -> StoreError:
    if not response.is_client_error:
        return StoreError(VENDOR, f"unexpected status {response.status_code}")
    code, message = _error_of(response)
    return StoreRejected(response.status_code, code, message)


def _says(response: httpx.Response) -> str:
    return f"{response.status_code} {_error_of(response)[0]}, request {response.headers.get('X-Request-Id', '?')}"


def _error_of(response: httpx.Response) -> tuple[str, str]:
    """Code and message of the contract's error envelope; whatever else a proxy may answer has neither."""
    try:
        error = response.json()["error"]
        return str(error.get("code", "")), str(error.get("message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def _retry_after(response: httpx.Response) -> float | None:
    """Retry-After in seconds (the contract's form; a date is ignored)."""
    value = response.headers.get("Retry-After", "")
    return float(value) if _SECONDS.fullmatch(value) else None


def _names(request: httpx.Request) -> dict[str, str]:
    """What to log of a request: never its query, which holds phones."""
    return {
        "method": request.method,
        "path": request.url.path,
        "request_id": request.headers["X-Request-Id"],
    }


def _since(started: float) -> float:
    return round(trio.current_time() - started, 3)
