"""One request to Google under our policy: time limits, retries, the breaker, errors in our terms.

Before: `google` says which texts. After: the vendor's JSON, or `EmbeddingsError`.

429, 5xx, connection errors and time-outs are tried again, after 0.5 s, 1 s, 2 s ... up to 16 s or what Retry-After
says, as long as there is patience. Illness (not 429, which is our haste) opens the breaker: then nothing is sent until
a probe comes through; a passage waits for that, a query does not.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import httpx
import trio

from engine import metrics
from engine.breaker import OPEN_SECONDS, BreakerOpen, CircuitBreaker
from engine.errors import EmbeddingsError
from engine.knowledge.embeddings.google_token import VENDOR, TokenSource
from engine.log import get_logger

log = get_logger("embeddings.google")

_BACKOFF: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_SECONDS: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: of one try, and of all of them together."""

    a_try: float
    altogether: float

    @property
    def outlasts_breaker(self) -> bool:
        return self.altogether > OPEN_SECONDS


class _TryFailed(EmbeddingsError):
    """Worth another try. `after`: seconds Google asks us to wait, if it does."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(VENDOR, message, retryable=True)
        self.after = after


class _Ill(_TryFailed):
    """What the breaker counts."""


class GoogleHttp:
    """The connections, to be entered before asking. `url`: of the method."""

    def __init__(self, url: str, tokens: TokenSource, *, connections: int) -> None:
        self._url = url
        self._tokens = tokens
        self._ill_with = "nobody knows what"
        self._client = httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=connections))
        self.breaker = CircuitBreaker(
            VENDOR, illness=(_Ill,), gauge=metrics.BREAKER_OPEN.labels(VENDOR), clock=trio.current_time
        )

    async def __aenter__(self) -> "GoogleHttp":
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        with trio.move_on_after(2, shield=True):
            await self._client.aclose()

    async def post(self, body: dict[str, Any], patience: Patience) -> Any:
        """The JSON of a 200. Raises `EmbeddingsError`; `retryable` where patience ran out."""
        deadline = trio.current_time() + patience.altogether
        tries = 0
        while True:
            try:
                return await self._try(body, patience, min(deadline, trio.current_time() + patience.a_try))
            except _TryFailed as failure:
                wait = failure.after if failure.after is not None else _BACKOFF[min(tries, len(_BACKOFF) - 1)]
                if trio.current_time() + wait >= deadline:
                    raise
                tries += 1
                await trio.sleep(wait)

    async def _try(self, body: dict[str, Any], patience: Patience, deadline: float) -> Any:
        started = trio.current_time()
        try:
            with self.breaker.guard():
                response = await self._send(body, deadline)
                _raise_for_illness(response)
        except BreakerOpen as error:
            told = f"its circuit breaker is open, for: {self._ill_with}"
            raise (
                _TryFailed(told) if patience.outlasts_breaker else EmbeddingsError(VENDOR, told, retryable=True)
            ) from error
        except EmbeddingsError as error:
            metrics.VENDOR_ERRORS.labels(VENDOR).inc()
            log.warning("embeddings_try_failed", error=str(error))
            self._ill_with = str(error).removeprefix(f"{VENDOR}: ")
            raise
        metrics.VENDOR_SECONDS.labels(VENDOR).observe(trio.current_time() - started)
        if response.status_code != httpx.codes.OK:
            raise EmbeddingsError(VENDOR, f"{response.status_code} {_message(response)}")
        try:
            return response.json()
        except ValueError as error:
            raise EmbeddingsError(VENDOR, "unreadable answer") from error

    async def _send(self, body: dict[str, Any], deadline: float) -> httpx.Response:
        try:
            with trio.CancelScope(deadline=deadline):
                headers = {"Authorization": f"Bearer {await self._tokens.token()}"}
                return await self._client.post(self._url, json=body, headers=headers)
        except httpx.TransportError as error:
            raise _Ill(f"connection failed: {type(error).__name__}") from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise EmbeddingsError(VENDOR, f"cannot be asked: {type(error).__name__}") from error
        raise _Ill("no answer in time")


def _raise_for_illness(response: httpx.Response) -> None:
    status = response.status_code
    if status >= 500 or status == 429:
        told = f"{status} {_message(response)}"
        raise (_TryFailed if status == 429 else _Ill)(told, _retry_after(response))


def _message(response: httpx.Response) -> str:
    """Google's own words; whatever else a proxy may answer has none."""
    try:
        return str(response.json()["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _retry_after(response: httpx.Response) -> float | None:
    """In seconds (a date is ignored)."""
    value = response.headers.get("Retry-After", "")
    return float(value) if _SECONDS.fullmatch(value) else None
