"""The engine's line to Asterisk's manager interface: one connection, made again whenever it is lost.

Before: `ami_connection`, which lives once. After: `asterisk_operators` ask over it. While there is no connection a
question fails at once: a call does not wait for the PBX's manager, it has the dialplan to fall back on.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import trio

from engine import metrics
from engine.config import AmiConfig
from engine.errors import AmiAway, AmiError, AmiLoginRefused, AmiRefused
from engine.log import get_logger
from engine.pbx.ami_connection import AmiConnection, Answer, open_ami
from engine.pbx.ami_wire import Action

log = get_logger("pbx.ami")

PING_SECONDS: Final = 10.0
"""Between two signs of life: a connection cut by a firewall is found out this fast."""
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
_KINDS: Final[Mapping[type[AmiError], str]] = {AmiAway: "away", AmiLoginRefused: "login", AmiRefused: "refused"}
"""What each error is counted as."""
_REMEDY: Final = "AMI_USER and AMI_SECRET must be those of a section of manager.conf that permits this address"


def delays(fraction: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds to wait before each next attempt: 1, 2, 4 ... 30, less up to a half, so that engines do not come in
    step after Asterisk was restarted. `fraction` gives 0..1."""
    longest = _FIRST_DELAY
    while True:
        yield longest * (1 - fraction() / 2)
        longest = min(2 * longest, _LONGEST_DELAY)


class Ami:
    """An `Asker` for as long as `run` does."""

    def __init__(
        self,
        config: AmiConfig,
        *,
        ping_seconds: float = PING_SECONDS,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._ping_seconds = ping_seconds
        self._fraction = fraction
        self._address = f"{config.host}:{config.port}"
        self._up = metrics.AMI_UP.labels(self._address)
        self._connection: AmiConnection | None = None
        self._trouble = "not connected yet"

    @property
    def is_up(self) -> bool:
        """Logged in, and nothing bad heard since."""
        return self._connection is not None

    async def run(self) -> None:
        """Until cancelled. Raises nothing."""
        waits = delays(self._fraction)
        while True:
            try:
                async with open_ami(self._config) as connection:
                    waits = delays(self._fraction)
                    await self._keep(connection)
            except AmiError as error:
                self._tell(error)
            await trio.sleep(next(waits))

    async def ask(self, action: Action) -> Answer:
        """What Asterisk answers. Raises `AmiAway` (at once while there is no connection), `AmiRefused`,
        `AmiNoChannel`, and `LocalProtocolError` for an action that cannot be sent."""
        if self._connection is None:
            raise AmiAway(self._trouble)
        try:
            return await self._connection.ask(action)
        except AmiRefused as error:
            _count(error)
            raise

    async def _keep(self, connection: AmiConnection) -> None:
        """Returns never, raises `AmiError` once the connection is lost."""
        self._connection, self._trouble = connection, ""
        self._up.set(1)
        log.info("ami_up", manager=self._address, protocol=connection.version)
        try:
            while not connection.lost.is_set():
                with trio.move_on_after(self._ping_seconds):
                    await connection.lost.wait()
                await connection.ask(Action("Ping"))
        finally:
            self._connection = None
            self._up.set(0)

    def _tell(self, error: AmiError) -> None:
        """Each new trouble once: an Asterisk that is away is tried for hours."""
        _count(error)
        if str(error) == self._trouble:
            return
        self._trouble = str(error)
        if isinstance(error, AmiLoginRefused):
            log.error("ami_login_refused", error=self._trouble, remedy=_REMEDY)
        else:
            log.warning("ami_down", error=self._trouble)


def _count(error: AmiError) -> None:
    """A channel that is gone is no error: people hang up."""
    if (kind := _KINDS.get(type(error))) is not None:
        metrics.AMI_ERRORS.labels(kind).inc()
