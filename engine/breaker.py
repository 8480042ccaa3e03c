"""A circuit breaker for vendors: stop asking one that is ill, and let a single request find out when it is well again.

pybreaker keeps the count and the states; what it lacks for cooperative tasks is added around it. Its `call()` holds a
lock while the work runs, its `calling()` takes a cancellation for a failure, and its half-open state admits every
waiting task. So the work is awaited outside pybreaker, its outcome is reported afterwards, one probe is let through at
a time, and a cancelled request says nothing about the vendor.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, Self

import pybreaker

from engine.errors import EngineError

FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 30.0


class Gauge(Protocol):
    """Where the state is shown: 1 open, 0 closed (`metrics.BREAKER_OPEN.labels(name)`)."""

    def set(self, value: float) -> None: ...


class BreakerOpen(EngineError):
    """The vendor was ill a moment ago; nothing was sent to it."""


class CircuitBreaker:
    """One vendor's breaker. `illness`: the exceptions that say the vendor is ill; any other `Exception` is an answer,
    and proves it well. `clock`: monotonic seconds."""

    def __init__(
        self,
        name: str,
        *,
        illness: tuple[type[Exception], ...],
        gauge: Gauge,
        clock: Callable[[], float],
        failures: int = FAILURES_TO_OPEN,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        self.name = name
        self._illness = illness
        self._gauge = gauge
        self._storage = _MonotonicStorage(clock)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures, reset_timeout=open_seconds, state_storage=self._storage, throw_new_error_on_trip=False
        )
        self._open_seconds = open_seconds
        self._probing = False
        gauge.set(0)

    @property
    def is_open(self) -> bool:
        return bool(self._breaker.current_state != pybreaker.STATE_CLOSED)

    def attempt(self) -> "Attempt":
        """One request, to be told how it went by whoever makes it. Raises `BreakerOpen` at once while the breaker is
        open."""
        return Attempt(self, is_probe=self._admit())

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Surround one request (awaiting inside is fine). Raises `BreakerOpen` at once while the breaker is open."""
        with self.attempt() as attempt:
            try:
                yield
            except self._illness as error:
                attempt.failed(error)
                raise
            except Exception:
                attempt.answered()
                raise
            else:
                attempt.answered()

    def _admit(self) -> bool:
        """Whether this request is the probe; raises if it may not be sent."""
        if not self.is_open:
            return False
        if self._probing or self._storage.seconds_open() < self._open_seconds:
            raise BreakerOpen(f"{self.name}: circuit breaker open")
        self._probing = True
        return True

    def report(self, failure: Exception | None, *, probe: bool) -> None:
        """For `Attempt`: how one request went."""
        # A request sent before the breaker opened, answered after, is yesterday's news: only the probe decides.
        if self.is_open and not probe:
            return

        def outcome() -> None:
            if failure is not None:
                raise failure

        with suppress(pybreaker.CircuitBreakerError, *self._illness):
            self._breaker.call(outcome)
        self._gauge.set(self.is_open)

    def end_probe(self) -> None:
        """For `Attempt`: the probe is over, whatever came of it."""
        self._probing = False


class Attempt:
    """A request that was let through: a stream, say, that is known to be well long before it ends. A context manager;
    leaving it untold (cancelled) says nothing about the vendor. Only the first word counts."""

    def __init__(self, breaker: CircuitBreaker, *, is_probe: bool) -> None:
        self._breaker = breaker
        self._is_probe = is_probe
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_probe:
            self._breaker.end_probe()

    def answered(self) -> None:
        """The vendor is well."""
        self._tell(None)

    def failed(self, error: Exception) -> None:
        """The vendor is ill: one of the breaker's `illness`."""
        self._tell(error)

    def _tell(self, failure: Exception | None) -> None:
        if not self._told:
            self._told = True
            self._breaker.report(failure, probe=self._is_probe)


class _MonotonicStorage(pybreaker.CircuitMemoryStorage):
    """pybreaker compares `opened_at` with the wall clock. A wall clock that is set back would keep the breaker open for
    hours, so the moment is kept in monotonic time and told in wall time only when asked."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(pybreaker.STATE_CLOSED)
        self._clock = clock
        self._opened: float | None = None

    def seconds_open(self) -> float:
        """Seconds since it opened; infinite if it never did."""
        return float("inf") if self._opened is None else self._clock() - self._opened

    @property
    def opened_at(self) -> datetime | None:
        return None if self._opened is None else datetime.now(UTC) - timedelta(seconds=self.seconds_open())

    @opened_at.setter
    def opened_at(self, _: datetime) -> None:
        self._opened = self._clock()
