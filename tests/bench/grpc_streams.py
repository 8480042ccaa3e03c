"""CPU of recogniser streams on trio's side and in all: `python tests/bench/grpc_streams.py --streams 100`.

The server is a process of its own that answers each second of audio with an interim transcript. Real time; prints JSON.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import grpc
import grpc.aio
import trio
from google.cloud.speech_v2.types import cloud_speech

from engine.audio import FRAME_BYTES, FRAME_MS
from engine.config import GoogleConfig
from engine.speech.base import RecognizerStream
from engine.speech.google_stt import GoogleRecognizer
from engine.speech.grpc_thread import GrpcThread

Request: Any = cloud_speech.StreamingRecognizeRequest.pb()
Response: Any = cloud_speech.StreamingRecognizeResponse.pb()
INTERIM = Response(results=[{"alternatives": [{"transcript": "літні шини двісті п'ять"}], "stability": 0.5}])


async def recognize(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
    heard = 0
    async for request in requests:
        heard += len(request.audio)
        if heard >= 16_000:
            heard -= 16_000
            yield INTERIM


async def serve() -> None:
    method = grpc.stream_stream_rpc_method_handler(recognize, Request.FromString, Response.SerializeToString)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.cloud.speech.v2.Speech", {"StreamingRecognize": method}),)
    )
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


class Load:
    def __init__(self, streams: int, chunk_ms: int, seconds: float) -> None:
        self.streams = streams
        self.chunk_ms = chunk_ms
        self.seconds = seconds
        self.chunks = 0
        self.events = 0

    async def run(self, endpoint: str) -> dict[str, float]:
        config = GoogleConfig(project="bench", speech_endpoint=endpoint, plaintext=True)
        async with GrpcThread() as thread, AsyncExitStack() as stack, trio.open_nursery() as nursery:
            recognizer = GoogleRecognizer(config, thread)
            await recognizer.warm_up()
            streams = [await stack.enter_async_context(recognizer.stream()) for _ in range(self.streams)]
            for stream in streams:
                nursery.start_soon(self._count_events, stream)
            trio_cpu, cpu = time.thread_time(), time.process_time()
            await self._send(streams)
            trio_cpu, cpu = time.thread_time() - trio_cpu, time.process_time() - cpu
            nursery.cancel_scope.cancel()
        return {
            "streams": self.streams,
            "chunks": self.chunks,
            "events": self.events,
            "trio_percent_of_a_core": round(100 * trio_cpu / self.seconds, 1),
            "process_percent_of_a_core": round(100 * cpu / self.seconds, 1),
            "trio_us_per_chunk_all_in": round(1e6 * trio_cpu / self.chunks, 1),
            "process_us_per_chunk_all_in": round(1e6 * cpu / self.chunks, 1),
        }

    async def _send(self, streams: list[RecognizerStream]) -> None:
        """Every 20 ms one part of the streams has a chunk ready, as calls that began at different times would."""
        ticks = self.chunk_ms // FRAME_MS
        chunk = bytes(FRAME_BYTES * ticks)
        begun = trio.current_time()
        for tick in range(round(self.seconds * 1000 / FRAME_MS)):
            for stream in streams[tick % ticks :: ticks]:
                stream.send_nowait(chunk)
                self.chunks += 1
            await trio.sleep_until(begun + (tick + 1) * FRAME_MS / 1000)

    async def _count_events(self, stream: RecognizerStream) -> None:
        async for _ in stream.events():
            self.events += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--chunk-ms", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        asyncio.run(serve())
        return
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        endpoint = f"127.0.0.1:{server.stdout.readline().strip()}"
        print(json.dumps(trio.run(Load(chosen.streams, chosen.chunk_ms, chosen.seconds).run, endpoint)))
        server.terminate()


if __name__ == "__main__":
    main()
