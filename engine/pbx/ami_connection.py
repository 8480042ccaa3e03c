"""One connection to Asterisk's manager interface, from greeting to loss. What is asked is answered or raises.

Before: `ami_wire` turns bytes into messages. After: `ami` keeps a connection up for as long as the engine runs. Any
number of questions may be under way: each carries an `ActionID` of its own, and whoever no longer waits costs nothing.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from errno import errorcode
from itertools import count
from math import inf
from typing import Final, Protocol

import trio

from engine.config import AmiConfig
from engine.errors import (
    AmiAway,
    AmiError,
    AmiLoginRefused,
    AmiNoChannel,
    AmiRefused,
    LocalProtocolError,
    RemoteProtocolError,
)
from engine.pbx.ami_wire import Action, AmiCodec, Event, Greeting, Response

_READ_BYTES: Final = 65_536
_MAX_EVENTS: Final = 50_000
"""Of one answer: more than any PBX has of anything."""
_LOGOFF_SECONDS: Final = 0.5
_NO_CHANNEL: Final = ("no such channel", "channel does not exist")
"""How a refusal begins when the channel is gone: Setvar and Status, Redirect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A `response` that is no refusal, and the `events` of its list."""

    response: Response
    events: tuple[Event, ...] = ()


class Asker(Protocol):
    """Whoever brings an action to Asterisk."""

    async def ask(self, action: Action) -> Answer:
        """Raises `AmiError`."""
        ...


@dataclass(slots=True)
class _Question:
    over: trio.Event = field(default_factory=trio.Event)
    response: Response | None = None
    events: list[Event] = field(default_factory=list)

    def take(self, message: Response | Event) -> None:
        if isinstance(message, Response):
            self.response = message
            complete = not message.begins_list
        elif len(self.events) == _MAX_EVENTS:
            raise RemoteProtocolError(f"an answer of more than {_MAX_EVENTS} events")
        else:
            self.events.append(message)
            complete = message.ends_list
        if complete:
            self.over.set()


class AmiConnection:
    """`run` reads and writes until the connection is lost, and says so by `lost`."""

    def __init__(self, stream: trio.abc.Stream, timeout: float) -> None:
        self._stream = stream
        self._timeout = timeout
        self._codec = AmiCodec()
        self._numbers = count(1)
        self._questions: dict[str, _Question] = {}
        # A writer of its own: a question called off half-way through its bytes would garble the next.
        self._out, self._outgoing = trio.open_memory_channel[bytes](inf)
        self._greeted = trio.Event()
        self.version = ""
        """Of the manager protocol, once greeted."""
        self.lost = trio.Event()
        self.reason = ""
        """Why it was lost."""

    async def run(self) -> None:
        """Returns once the connection is lost. Raises nothing."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            nursery.start_soon(self._read)
            await self.lost.wait()
            nursery.cancel_scope.cancel()

    async def login(self, user: str, secret: str) -> None:
        """Raises `AmiLoginRefused`, `AmiAway`."""
        with trio.move_on_after(self._timeout):
            await self._greeted.wait()
        if not self._greeted.is_set():
            self._lose(f"no greeting in {self._timeout:g} s")
        try:
            await self.ask(Action("Login", (("Username", user), ("Secret", secret), ("Events", "off"))))
        except (AmiRefused, LocalProtocolError) as error:
            raise AmiLoginRefused(f"Asterisk refuses AMI_USER={user} with this AMI_SECRET: {error}") from error

    async def ask(self, action: Action) -> Answer:
        """The whole answer. Raises `AmiRefused`, `AmiNoChannel`, `LocalProtocolError`, and `AmiAway` where there is
        none in time: then the connection is given up, for it may well be half open."""
        action_id = str(next(self._numbers))
        message = self._codec.send(action, action_id)
        question = self._questions[action_id] = _Question()
        try:
            if not self.lost.is_set():
                self._out.send_nowait(message)
                with trio.move_on_after(self._timeout):
                    await question.over.wait()
                if not question.over.is_set():
                    self._lose(f"no answer to {action.name} in {self._timeout:g} s")
        finally:
            del self._questions[action_id]
        if question.response is None:
            raise AmiAway(self.reason)
        return _answer(action, question.response, question.events)

    async def _write(self) -> None:
        try:
            async for message in self._outgoing:
                await self._stream.send_all(message)
        except trio.BrokenResourceError as error:
            self._lose(f"lost: {error.__cause__ or error}")

    async def _read(self) -> None:
        try:
            while data := await self._stream.receive_some(_READ_BYTES):
                self._receive(bytes(data))
            self._receive(b"")
            self._lose("Asterisk closed the connection")
        except trio.BrokenResourceError as error:
            self._lose(f"lost: {error.__cause__ or error}")
        except RemoteProtocolError as error:
            self._lose(str(error))

    def _receive(self, data: bytes) -> None:
        self._codec.receive_data(data)
        while (event := self._codec.next_event()) is not None:
            if isinstance(event, Greeting):
                self.version = event.version
                self._greeted.set()
            elif (question := self._questions.get(event.action_id)) is not None:
                question.take(event)

    def _lose(self, reason: str) -> None:
        """Whoever waits, waits in vain. The first reason counts."""
        self.reason = self.reason or reason
        self.lost.set()
        self._greeted.set()
        for question in self._questions.values():
            if not question.over.is_set():
                question.response = None
                question.over.set()


@asynccontextmanager
async def open_ami(config: AmiConfig) -> AsyncGenerator[AmiConnection]:
    """Connected and logged in. Raises `AmiAway`, `AmiLoginRefused`, and whatever `AmiError` the body raises."""
    stream = await _connect(config)
    failure: AmiError | None = None
    async with stream, trio.open_nursery() as nursery:
        connection = AmiConnection(stream, config.timeout)
        nursery.start_soon(connection.run, name="ami connection")
        try:
            await connection.login(config.user, config.secret.get_secret_value())
            yield connection
            with trio.move_on_after(_LOGOFF_SECONDS):
                await connection.ask(Action("Logoff"))
        except AmiError as error:
            failure = error  # raised below: through the nursery it would come as a group
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _connect(config: AmiConfig) -> trio.SocketStream:
    address = f"{config.host}:{config.port}"
    try:
        with trio.fail_after(config.timeout):
            return await trio.open_tcp_stream(config.host, config.port)
    except (OSError, UnicodeError, trio.TooSlowError) as error:  # UnicodeError: no name of a host can look like this
        detail = "no answer" if isinstance(error, trio.TooSlowError) else _reason(error)
        raise AmiAway(f"nothing at {address}: {detail}") from error


def _reason(error: Exception) -> str:
    """The system's words; trio adds some of its own, and hides them in the cause."""
    cause: BaseException = error.__cause__ or error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, OSError) and cause.errno is not None and cause.errno in errorcode:
        return os.strerror(cause.errno)
    return getattr(cause, "strerror", None) or str(cause)


def _answer(action: Action, response: Response, events: list[Event]) -> Answer:
    if response.succeeded:
        return Answer(response, tuple(events))
    words = response.message or "no reason given"
    kind = AmiNoChannel if words.casefold().startswith(_NO_CHANNEL) else AmiRefused
    raise kind(f"{action.name}: {words}")
