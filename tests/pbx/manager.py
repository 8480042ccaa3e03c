"""An Asterisk's manager over TCP, as `main/manager.c` answers: greeting, login, actions, lists, refusals in its words.

A test sets what it knows (`channels`, `members`, `dialplan`) and how it behaves (`silent`, `moves`), and looks at what
was `asked`. `run` listens until cancelled, again on the same port if started again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import trio
from pydantic import SecretStr

from engine.config import AmiConfig

USER: Final = "callctl"
SECRET: Final = "hidden-7f3a"

type Message = list[tuple[str, str]]
type Asked = Mapping[str, str]

_COMMANDS: Final = ("Redirect", "Setvar", "Status", "ShowDialPlan", "CoreSettings", "Getvar", "QueueStatus", "Ping")


@dataclass(slots=True)
class Member:
    """`status`: a device state, 1 not in use, 5 unavailable."""

    status: int = 1
    paused: bool = False


@dataclass(slots=True)
class Manager:
    """`members` None: there is no such queue. `channels`: name -> where in the dialplan it is."""

    members: list[Member] | None = field(default_factory=lambda: [Member()])
    channels: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    dialplan: set[str] = field(default_factory=lambda: {"callctl", "callctl-bot", "callctl-operator"})
    commands: set[str] = field(default_factory=lambda: set(_COMMANDS))
    version: str = "22.10.0"
    silent: bool = False
    """Takes everything and says nothing, as a process that was stopped."""
    deaf_to: set[str] = field(default_factory=set)
    """Actions that are never answered."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Actions and the words they are refused with."""
    moves: bool = True
    """A channel redirected goes where it is sent."""
    on: dict[str, Callable[[Asked], None]] = field(default_factory=dict)
    """Done before an action is answered."""
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    _streams: set[trio.SocketStream] = field(default_factory=set)

    @property
    def config(self) -> AmiConfig:
        return AmiConfig(host="127.0.0.1", port=self.port, user=USER, secret=SecretStr(SECRET), timeout=0.4)

    def names(self) -> list[str]:
        """The actions asked for, in order."""
        return [asked["Action"] for asked in self.asked]

    def sent(self, action: str) -> list[Asked]:
        return [asked for asked in self.asked if asked["Action"] == action]

    async def hang_up(self) -> None:
        """On everybody."""
        for stream in list(self._streams):
            await stream.aclose()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._serve, listeners)

    async def _serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        self._streams.add(stream)
        try:
            if not self.silent:
                await stream.send_all(b"Asterisk Call Manager/11.0.0\r\n")
            buffer = b""
            while data := await stream.receive_some(4096):
                *requests, buffer = (buffer + data).split(b"\r\n\r\n")
                for request in requests:
                    await self._answer(stream, dict(line.split(": ", 1) for line in request.decode().split("\r\n")))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self._streams.discard(stream)
            with trio.CancelScope(shield=True):
                await stream.aclose()

    async def _answer(self, stream: trio.SocketStream, asked: Asked) -> None:
        self.asked.append(asked)
        if (first := self.on.get(asked["Action"])) is not None:
            first(asked)
        if self.silent or asked["Action"] in self.deaf_to:
            return
        no = self.refuses.get(asked["Action"])
        for message in _no(no) if no else _ANSWERS[asked["Action"]](self, asked):
            lines = [message[0], ("ActionID", asked["ActionID"]), *message[1:]]
            await stream.send_all(("\r\n".join(f"{key}: {value}" for key, value in lines) + "\r\n\r\n").encode())

    def _login(self, asked: Asked) -> list[Message]:
        if (asked["Username"], asked["Secret"]) != (USER, SECRET):
            return _no("Authentication failed")
        return _yes("Authentication accepted")

    def _status(self, asked: Asked) -> list[Message]:
        channel = asked["Channel"]
        if channel not in self.channels:
            return _no("No such channel")
        context, exten, priority = self.channels[channel].split(",")
        place = [("Channel", channel), ("Context", context), ("Exten", exten), ("Priority", priority)]
        return _list("Status", [[("Event", "Status"), *place]])

    def _setvar(self, asked: Asked) -> list[Message]:
        if asked["Channel"] not in self.channels:
            return _no("No such channel")
        self.variables[asked["Variable"]] = asked["Value"]
        return _yes("Variable Set")

    def _redirect(self, asked: Asked) -> list[Message]:
        channel = asked["Channel"]
        if channel not in self.channels:
            return _no(f"Channel does not exist: {channel}")
        if self.moves:
            self.channels[channel] = f"{asked['Context']},{asked['Exten']},{asked['Priority']}"
        return _yes("Redirect successful")

    def _queue_status(self, asked: Asked) -> list[Message]:
        events: list[Message] = []
        if self.members is not None:
            events.append([("Event", "QueueParams"), ("Queue", asked["Queue"])])
            events += [[("Event", "QueueMember"), ("Status", str(member.status)), ("Paused", str(int(member.paused)))]
                       for member in self.members]  # fmt: skip
        return _list("QueueStatus", events)

    def _show_dialplan(self, asked: Asked) -> list[Message]:
        if asked["Context"] not in self.dialplan:
            return _no(f"Did not find context {asked['Context']}")
        return _list("ShowDialPlan", [[("Event", "ListDialplan"), ("Context", asked["Context"])]])

    def _list_commands(self, asked: Asked) -> list[Message]:
        return [[("Response", "Success"), *((name, "What it does.  (Priv: <none>)") for name in self.commands)]]

    def _getvar(self, asked: Asked) -> list[Message]:
        if asked.get("Channel", "") not in ("", *self.channels):
            return _no("No such channel")
        value = self.variables.get(asked["Variable"], "")
        return [[("Response", "Success"), ("Variable", asked["Variable"]), ("Value", value)]]

    def _core_settings(self, asked: Asked) -> list[Message]:
        return [[("Response", "Success"), ("AMIversion", "11.0.0"), ("AsteriskVersion", self.version)]]

    def _ping(self, asked: Asked) -> list[Message]:
        return [[("Response", "Success"), ("Ping", "Pong")]]

    def _logoff(self, asked: Asked) -> list[Message]:
        return [[("Response", "Goodbye"), ("Message", "Thanks for all the fish.")]]


def _yes(message: str) -> list[Message]:
    return [[("Response", "Success"), ("Message", message)]]


def _no(message: str) -> list[Message]:
    return [[("Response", "Error"), ("Message", message)]]


def _list(name: str, events: list[Message]) -> list[Message]:
    begin: Message = [("Response", "Success"), ("EventList", "start"), ("Message", "It will follow")]
    end: Message = [("Event", f"{name}Complete"), ("EventList", "Complete"), ("ListItems", str(len(events)))]
    return [begin, *events, end]


_ANSWERS: Final[Mapping[str, Callable[[Manager, Asked], list[Message]]]] = {
    "CoreSettings": Manager._core_settings,
    "Getvar": Manager._getvar,
    "ListCommands": Manager._list_commands,
    "Login": Manager._login,
    "Logoff": Manager._logoff,
    "Ping": Manager._ping,
    "QueueStatus": Manager._queue_status,
    "Redirect": Manager._redirect,
    "Setvar": Manager._setvar,
    "ShowDialPlan": Manager._show_dialplan,
    "Status": Manager._status,
}
