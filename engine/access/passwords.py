"""Passwords: hashed with argon2id, in a thread, so few at once that neither the calls nor the machine notices.

One lane and 19 MiB, as OWASP's cheat sheet on password storage has it: some 30 ms of one core. More lanes would take
the cores of calls.
"""

from typing import Final

import trio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from engine.errors import EngineError

_AT_ONCE: Final = 2
_WAITING: Final = 20
"""Beyond these the machine is being attacked: refuse rather than queue."""
SHORTEST: Final = 12
LONGEST: Final = 256
_TELLING: Final = 4
"""So long a name is more than a few letters that stand in any sentence."""


class TooBusy(EngineError):
    """Too many passwords are being checked already."""


class Passwords:
    """One per process."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._limiter = trio.CapacityLimiter(_AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """Raises `TooBusy`."""
        self._refuse_flood()
        return await trio.to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether it is the one hashed in `known`. Takes as long where there is none. Raises `TooBusy`."""
        self._refuse_flood()
        matches = await trio.to_thread.run_sync(self._verify, known, password, limiter=self._limiter)
        return known is not None and matches

    def _verify(self, known: str | None, password: str) -> bool:
        self._nobody = self._nobody or self._hasher.hash("nobody's")
        try:
            return self._hasher.verify(known or self._nobody, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _refuse_flood(self) -> None:
        if self._limiter.statistics().tasks_waiting >= _WAITING:
            raise TooBusy


def weakness(password: str, name: str) -> str | None:
    """Why a password will not do; None if it will. Pure."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"give {SHORTEST} to {LONGEST} characters"
    if len(set(password)) < SHORTEST // 2 or (len(name) >= _TELLING and name.lower() in password.lower()):
        return "too easy to guess: more different characters, and not the user's name"
    return None
