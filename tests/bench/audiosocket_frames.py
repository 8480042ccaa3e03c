"""What a frame costs: the codec alone, then a real socket through the poller and back out.

    python tests/bench/audiosocket_frames.py [connections] [seconds]

The far sides live in a child process, so that the CPU counted here is the engine's. They send a frame every 20 ms and
read what they get; a ticker answers each connection with a frame, as the media clock does.
"""

import multiprocessing
import selectors
import socket
import sys
import time
import timeit
from uuid import UUID

import trio

from engine.audio import FRAME_BYTES, FRAME_SECONDS, RATE, SILENCE_FRAME
from engine.config import AudioSocketConfig
from engine.transport.audiosocket import AudioSocketTransport
from engine.transport.listener import serve_audiosocket
from engine.transport.poller import Poller
from engine.wire.audiosocket import AudioSocketCodec, Role
from engine.wire.events import Audio, Connected, MediaEvent

ROUNDS = 100_000


def codec_cost() -> tuple[float, float]:
    """Microseconds a frame: received, sent."""
    client, server = AudioSocketCodec(Role.CLIENT), AudioSocketCodec()
    server.receive_data(client.send(Connected(UUID(int=1))))
    server.next_event()
    audio = Audio(bytes(range(256)) + bytes(64), RATE)
    frame = client.send(audio)

    def receive() -> None:
        server.receive_data(frame)
        server.next_event()
        server.next_event()

    costs = (min(timeit.repeat(verb, number=ROUNDS, repeat=3)) for verb in (receive, lambda: server.send(audio)))
    received, sent = (cost / ROUNDS * 1e6 for cost in costs)
    return received, sent


def callers(address: tuple[str, int], connections: int) -> None:
    """The child process: one frame a connection every 20 ms, for ever."""
    codec = AudioSocketCodec(Role.CLIENT)
    hello, frame = codec.send(Connected(UUID(int=1))), codec.send(Audio(bytes(FRAME_BYTES), RATE))
    sockets = [socket.create_connection(address) for _ in range(connections)]
    selector = selectors.DefaultSelector()
    for sock in sockets:
        sock.sendall(hello)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
    due = time.monotonic()
    while True:
        due += FRAME_SECONDS
        for sock in sockets:
            sock.send(frame)
        for key, _ in selector.select(0):
            key.fileobj.recv(65_536)  # type: ignore[union-attr]
        time.sleep(max(0.0, due - time.monotonic()))


async def socket_cost(connections: int, seconds: float) -> None:
    transports: list[AudioSocketTransport] = []
    frames_in = 0

    def sink(event: MediaEvent, now: float) -> None:
        nonlocal frames_in
        frames_in += 1

    async def handle(transport: AudioSocketTransport) -> None:
        transport.start(sink)
        transports.append(transport)
        await trio.sleep_forever()

    async def answer() -> None:
        due = trio.current_time()
        while True:
            due += FRAME_SECONDS
            await trio.sleep_until(due)
            for transport in transports:
                transport.send_frame_nowait(SILENCE_FRAME)

    async def serve(task_status: trio.TaskStatus[tuple[str, int]]) -> None:
        config = AudioSocketConfig(port=0, close_timeout=0.1)
        await serve_audiosocket(config, handle, poller=poller, task_status=task_status)

    with Poller() as poller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller.run)
            nursery.start_soon(answer)
            address = await nursery.start(serve)
            child = multiprocessing.get_context("spawn").Process(target=callers, args=(address, connections))
            child.start()
            try:
                while len(transports) < connections:  # noqa: ASYNC110 - the child says nothing
                    await trio.sleep(0.05)
                frames_in, cpu, wall = 0, time.process_time(), time.monotonic()
                await trio.sleep(seconds)
                cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            finally:
                child.kill()
                child.join()
                nursery.cancel_scope.cancel()
    print(
        f"{connections} connections, {frames_in / wall:.0f} frames/s each way: {cpu / wall:.1%} of a core, "
        f"{cpu / frames_in * 1e6:.0f} us a frame in and out"
    )


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:]] + [100, 5][len(sys.argv) - 1 :]
    print("codec: {:.1f} us a frame received, {:.1f} us sent".format(*codec_cost()))
    trio.run(socket_cost, int(arguments[0]), arguments[1])
