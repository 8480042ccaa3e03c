"""Accepts AudioSocket connections and gives each a task: admission, silence, UUID, then the call.

Before: Asterisk's TCP connection. After: `handle`, which owns the transport until it returns.

Silence flows from the moment a connection is admitted, because a peer that waits to be spoken to before it speaks makes
a call that is silent both ways (asterisk#2089). One task holds all the lines that no media clock has taken over yet.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from engine.audio import FRAME_SECONDS
from engine.config import AudioSocketConfig
from engine.errors import ConfigError
from engine.log import get_logger
from engine.metrics import CONNECTIONS
from engine.transport.admission import Admission
from engine.transport.audiosocket import AudioSocketTransport
from engine.transport.poller import Poller

_BACKLOG: Final = 1024
_UNREAD_BYTES: Final = 4096
_SEGMENT_BYTES: Final = 480
"""What the kernels may hold of a caller's audio: ours twice the first, Asterisk's in proportion to the second. Asterisk
stays for as long as it can write: with these it notices within two seconds that a network is cut, else after many. They
cost a tenth more processor time, and there is no network to be cut on one machine."""

type ConnectionHandler = Callable[[AudioSocketTransport], Awaitable[None]]

log = get_logger("transport.listener")


async def serve_audiosocket(
    config: AudioSocketConfig,
    handle: ConnectionHandler,
    *,
    poller: Poller,
    reuse_port: bool = False,
    task_status: trio.TaskStatus[tuple[str, int]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen until cancelled; reports the bound (host, port). `reuse_port` lets several processes share the port.
    `poller.run` must be running. Raises `ConfigError` if the address cannot be bound."""
    listener = _listen(config, reuse_port=reuse_port)
    door = _Door(config, handle, poller)
    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(door.hold_lines)
        host, port = listener.socket.getsockname()[:2]
        task_status.started((host, port))
        await trio.serve_listeners(door.serve_connection, [listener], handler_nursery=nursery)


def _listen(config: AudioSocketConfig, *, reuse_port: bool) -> trio.SocketListener:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        sock = socket.create_server((config.host, config.port), family=family, backlog=_BACKLOG, reuse_port=reuse_port)
    except OSError as error:
        raise ConfigError(
            f"AUDIOSOCKET_HOST, AUDIOSOCKET_PORT: cannot listen on {config.host}:{config.port}: {error.strerror}"
        ) from error
    if not ipaddress.ip_address(sock.getsockname()[0]).is_loopback:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
    return trio.SocketListener(trio.socket.from_stdlib_socket(sock))


class _Door:
    """What every connection of one listener shares."""

    def __init__(self, config: AudioSocketConfig, handle: ConnectionHandler, poller: Poller) -> None:
        self._config = config
        self._handle = handle
        self._poller = poller
        self._admission = Admission(config)
        self._held: set[AudioSocketTransport] = set()

    async def hold_lines(self) -> None:
        """Every 20 ms, a frame of silence to each connection that no media clock feeds yet."""
        due = trio.current_time()
        while True:
            due += FRAME_SECONDS
            await trio.sleep_until(due)
            self._held = {transport for transport in self._held if not (transport.is_clocked or transport.is_closed)}
            for transport in self._held:
                transport.send_silence_nowait()

    async def serve_connection(self, stream: trio.SocketStream) -> None:
        """One connection from admission to its end."""
        sock = socket.socket(fileno=stream.socket.detach())
        try:
            host, port = sock.getpeername()[:2]
        except OSError:  # it has been reset since it was accepted
            _turn_away(sock, "", "reset")
            return
        peer = f"{host}:{port}"
        refusal = self._admission.refusal(host)
        if refusal is not None:
            _turn_away(sock, peer, refusal)
            return
        with self._admission.admitted(host):
            sock.setblocking(False)
            await self._serve_admitted(AudioSocketTransport(sock, peer, self._poller, self._config))

    async def _serve_admitted(self, transport: AudioSocketTransport) -> None:
        transport.send_silence_nowait()
        self._held.add(transport)
        try:
            if await transport.identify():
                await self._handle(transport)
        except* Exception:
            # Once per call: whatever goes wrong in one call, the others live.
            log.exception("connection_failed", peer=transport.peer)
        finally:
            await transport.close("handler returned")


def _turn_away(sock: socket.socket, peer: str, reason: str) -> None:
    sock.close()
    CONNECTIONS.labels(reason).inc()
    log.info("connection_closed", reason=reason, peer=peer)
