"""The envelope of the store's answers, its errors, and the keys that make a repeated mutation answer as at first."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Header, Query
from fastapi.responses import JSONResponse

KEY_LIFETIME = timedelta(hours=24)
PHONE = r"^\+380\d{9}$"
ERROR_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    422: "validation_error",
    429: "rate_limited",
    500: "internal_error",
    503: "service_unavailable",
}

type IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
type OptionalKey = Annotated[str | None, Header(alias="Idempotency-Key")]
type Phone = Annotated[str, Query(pattern=PHONE)]


class Refused(Exception):
    """The store says no: becomes the error envelope."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code or ERROR_CODES[status]


def data(value: Any, status: int = 200) -> JSONResponse:
    return JSONResponse({"data": value}, status)


def page(rows: Sequence[Any], number: int, per_page: int) -> JSONResponse:
    """One page of `rows`, numbered from 1; a page past the end is empty."""
    total = len(rows)
    start = (number - 1) * per_page
    pagination = {"page": number, "per_page": per_page, "total": total, "total_pages": -(-total // per_page)}
    return JSONResponse({"data": rows[start : start + per_page], "pagination": pagination})


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: bytes
    answer: JSONResponse
    until: datetime


class IdempotencyKeys:
    """Answers by key. The mutation runs at most once a key within `KEY_LIFETIME`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: dict[str, _Kept] = {}
        self.replayed = 0

    def once(self, key: str | None, request: str, mutate: Callable[[], JSONResponse]) -> JSONResponse:
        """Run `mutate`, or give the recorded answer to the same `key`; no key, no record.

        Raises `Refused` (422) if the key came with another `request` before. A refusal is not recorded."""
        if key is None:
            return mutate()
        now = self._now()
        fingerprint = hashlib.sha256(request.encode()).digest()
        kept = self._kept.get(key)
        if kept is not None and kept.until > now:
            if kept.fingerprint != fingerprint:
                raise Refused(422, "Idempotency-Key was used with another request", "idempotency_key_reused")
            self.replayed += 1
            return kept.answer
        answer = mutate()
        self._kept[key] = _Kept(fingerprint, answer, now + KEY_LIFETIME)
        return answer
