"""The checks of the machine: its limits, ports and files."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from engine.config import Config
from ops.doctor import machine
from tests.cli.running import free_ports


def listening_on(audiosocket: int, http: int, metrics: int) -> Config:
    return Config.from_env({"audiosocket": {"port": audiosocket}, "http": {"port": http, "metrics_port": metrics}})


@contextmanager
def answering(body: object) -> Iterator[int]:
    """A web server that says this to everybody; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


async def test_ports_that_are_free() -> None:
    assert (await machine.ports(listening_on(*free_ports(3)))).state == "ok"


async def test_a_port_that_somebody_has() -> None:
    audiosocket, http, metrics = free_ports(3)
    with socket.create_server(("127.0.0.1", audiosocket)):
        finding = await machine.ports(listening_on(audiosocket, http, metrics))
    assert finding.state == "failed"
    assert finding.text.startswith(f"AUDIOSOCKET_HOST, AUDIOSOCKET_PORT: cannot listen on 127.0.0.1:{audiosocket}: ")


async def test_ports_that_an_engine_of_ours_has() -> None:
    audiosocket, metrics = free_ports(2)
    with answering({"status": "alive"}) as http, socket.create_server(("127.0.0.1", audiosocket)):
        assert (await machine.ports(listening_on(audiosocket, http, metrics))).state == "ok"
    with answering("something else") as http:
        assert (await machine.ports(listening_on(audiosocket, http, metrics))).state == "failed"


async def test_file_descriptors() -> None:
    assert (await machine.open_files(Config.from_env({"call": {"max_calls": 1}}))).state == "ok"
    few = await machine.open_files(Config.from_env({"call": {"max_calls": 10**9}}))
    assert few.state == "failed"
    assert "needed for 1000000000 calls" in few.text


async def test_models_and_time_zone() -> None:
    config = Config.from_env({})
    assert (await machine.models(config)).state == "ok"
    assert (await machine.time_zone(config)).text.startswith("Europe/Kyiv, where it is ")


async def test_the_clock_is_known_or_said_not_to_be() -> None:
    """What it says depends on the machine, that it says something does not."""
    assert (await machine.clock(Config.from_env({}))).text in (
        "synchronised", "it is not synchronised", "the kernel does not say"
    )  # fmt: skip
