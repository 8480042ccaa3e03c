"""A far side of AudioSocket on a real loopback socket, and a listener to knock at."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network
from uuid import UUID

import structlog.testing
import trio
from structlog.typing import EventDict

from engine.config import AudioSocketConfig
from engine.transport.audiosocket import AudioSocketTransport
from engine.transport.listener import ConnectionHandler, serve_audiosocket
from engine.transport.poller import Poller
from engine.wire.audiosocket import AudioSocketCodec, Pause, Role
from engine.wire.events import Audio, Connected, Terminated, WireEvent
from tests.conformance import PATIENCE, EndOfStream, Recorder, until

CALL_ID = UUID("00112233-4455-6677-8899-aabbccddeeff")
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Caller:
    """Speaks AudioSocket as Asterisk does, over any trio stream."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.codec = AudioSocketCodec(Role.CLIENT)

    async def identify(self) -> None:
        await self.send(Connected(CALL_ID))

    async def send(self, event: WireEvent) -> None:
        await self.stream.send_all(self.codec.send(event))

    async def receive(self) -> WireEvent:
        """The next event. Raises `EndOfStream` after the announced end."""
        while isinstance(event := self.codec.next_event(), Pause):
            self.codec.receive_data(await self.stream.receive_some())
            assert event is Pause.NEED_DATA, "ended without 0x00"
        return event

    async def receive_frame(self) -> bytes:
        while True:
            match await self.receive():
                case Audio(pcm):
                    return pcm
                case Terminated():
                    raise EndOfStream

    async def hang_up(self) -> None:
        """A clean end: FIN, then read to the other side's. Closing with audio unread would send RST."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.stream.send_eof()
            while await self.stream.receive_some():
                pass
        await self.stream.aclose()

    def reset(self) -> None:
        """Close so that the kernel sends RST, as a crashed peer's does."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.stream.socket.close()


@asynccontextmanager
async def audiosocket_pair(
    config: AudioSocketConfig | None = None,
) -> AsyncIterator[tuple[AudioSocketTransport, Caller]]:
    """An identified transport and its caller, without a listener (so without its silence)."""
    config = config or configured()
    with socket.create_server(("127.0.0.1", 0)) as server, Poller() as poller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller.run)
            caller = Caller(await trio.open_tcp_stream(*server.getsockname()))
            accepted, (host, port) = server.accept()
            accepted.setblocking(False)
            transport = AudioSocketTransport(accepted, f"{host}:{port}", poller, config)
            await caller.identify()
            assert await transport.identify()
            try:
                yield transport, caller
            finally:
                await caller.stream.aclose()
                await transport.close("test over")
            nursery.cancel_scope.cancel()


def configured(**settings: object) -> AudioSocketConfig:
    """Short patience, a port of the kernel's choice; `settings` on top."""
    defaults: dict[str, object] = {"port": 0, "allow": LOOPBACK, "uuid_timeout": 2.0, "close_timeout": 0.2}
    return AudioSocketConfig.model_validate(defaults | settings)


@dataclass
class House:
    """A running listener and what it saw."""

    address: tuple[str, int]
    poller: Poller
    logs: list[EventDict]
    recorders: list[Recorder] = field(default_factory=list)
    transports: list[AudioSocketTransport] = field(default_factory=list)

    async def call(self) -> Caller:
        return Caller(await trio.open_tcp_stream(*self.address))

    def ends(self) -> list[str]:
        """The reasons logged so far, in order."""
        return [str(line["reason"]) for line in self.logs if line["event"] == "connection_closed"]


async def hear_out(caller: Caller) -> None:
    """Listen until the end is announced, then hang up. Fails unless it comes, and properly."""
    with trio.fail_after(PATIENCE):
        try:
            while True:
                await caller.receive_frame()
        except EndOfStream:
            await caller.hang_up()


@asynccontextmanager
async def open_house(config: AudioSocketConfig, handle: ConnectionHandler | None = None) -> AsyncIterator[House]:
    """Listen; afterwards, descriptors and tasks must be back where they were. The default handler records events until
    the connection ends."""
    house = House(("", 0), Poller(), [])

    async def record(transport: AudioSocketTransport) -> None:
        recorder = Recorder()
        house.transports.append(transport)
        house.recorders.append(recorder)
        transport.start(recorder)
        await recorder.ended.wait()

    with house.poller, structlog.testing.capture_logs() as house.logs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(house.poller.run)
            serve = partial(serve_audiosocket, config, handle or record, poller=house.poller)
            house.address = await nursery.start(serve)
            before = _footprint()
            yield house
            await until(lambda: _footprint() == before and not len(house.poller))
            nursery.cancel_scope.cancel()


def _footprint() -> tuple[int, int]:
    """Open descriptors and living tasks."""
    return len(os.listdir("/proc/self/fd")), trio.lowlevel.current_statistics().tasks_living
