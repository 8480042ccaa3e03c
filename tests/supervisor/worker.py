"""A worker without an engine: speaks the protocol of `engine.supervisor`, and does what its settings tell it to.

{"exit": 2} ends at once; {"hang": true} beats once and then no more; {"slow_end": seconds} takes its time when asked.
"""

import json
import signal
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import trio

from engine.supervisor.heartbeat import beat, drain_when_alone

_PAGE = b"# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total 1\n"


class _Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


async def _run(descriptor: int, port: int, settings: dict[str, float]) -> None:
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            nursery.start_soon(drain_when_alone, stop, 0)
            nursery.start_soon(partial(beat, descriptor, port, lambda: not stop.is_set()))
            if settings.get("hang"):
                await trio.sleep(0.1)
                signal.pause()

            async def listen() -> None:
                async for _ in signals:
                    stop.set()

            nursery.start_soon(listen)
            await stop.wait()
            await trio.sleep(settings.get("slow_end", 0))
            nursery.cancel_scope.cancel()


def main() -> None:
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        settings = json.loads(stdin.readline())
    if "exit" in settings:
        sys.exit(settings["exit"])
    server = HTTPServer(("127.0.0.1", 0), _Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    trio.run(_run, int(sys.argv[1]), server.server_port, settings)


main()
