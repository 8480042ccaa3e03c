"""Lets the dialplan alone ask `/internal/*`: by a shared secret; with none, who asks from this machine and not through
a proxy, of which everybody would come from this machine.

Before: `engine.web.pbx_api`.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request

from engine import metrics
from engine.config import HttpConfig
from engine.log import get_logger
from engine.web.problems import Problem

log = get_logger("web.pbx")

SECRET_HEADER: Final = "X-Callctl-Secret"
_SENT_BY_OTHERS: Final = ("X-Forwarded-For", "Forwarded", "Origin")
"""By proxies and browsers; a dialplan sends none of them."""


def only_the_dialplan(config: HttpConfig) -> Callable[[Request], Awaitable[None]]:
    """A dependency of a route. It raises `Problem`."""

    async def refuse_others(request: Request) -> None:
        if secret := config.internal_secret.get_secret_value():
            given = request.headers.get(SECRET_HEADER, "")
            if not hmac.compare_digest(given.encode("latin-1"), secret.encode()):  # a header is read as Latin-1
                raise _refusal(request, "secret", HTTPStatus.UNAUTHORIZED, f"{SECRET_HEADER} is missing or wrong.")
        elif not _is_loopback(_peer(request)):
            told = "Without HTTP_INTERNAL_SECRET only this machine may ask."
            raise _refusal(request, "not_local", HTTPStatus.FORBIDDEN, told)
        elif config.is_behind_proxy or any(name in request.headers for name in _SENT_BY_OTHERS):
            told = "Behind a proxy set HTTP_INTERNAL_SECRET: without it nobody may ask."
            raise _refusal(request, "proxied", HTTPStatus.FORBIDDEN, told)

    return refuse_others


def _refusal(request: Request, reason: str, status: HTTPStatus, told: str) -> Problem:
    metrics.INTERNAL_REFUSALS.labels(reason).inc()
    log.warning("not_the_dialplan", reason=reason, peer=_peer(request))
    return Problem(status, told)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
