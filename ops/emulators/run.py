"""All emulators in one asyncio process: `python -m ops.emulators.run`, or `callctl emulators run`.

When every port is open one JSON line on stdout says where: `{"speech": "127.0.0.1:p", "tts": ..., "anthropic":
"http://...", "store": "http://...", "embeddings": "http://...", "control": "http://..."}`. SIGTERM and SIGINT end it,
and with `--until-stdin-closes` so does the death of whoever holds the other end of its stdin.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from ops.emulators.anthropic_api import AnthropicEmulator
from ops.emulators.control import Controlled, control_server
from ops.emulators.faults import Faults
from ops.emulators.google_embeddings import GoogleEmbeddingsEmulator
from ops.emulators.google_speech import GoogleSpeechEmulator
from ops.emulators.google_tts import GoogleTtsEmulator
from ops.emulators.store_api import StoreEmulator

_STDIN = 0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each listens; 0 picks a free port."""

    speech: int = 0
    tts: int = 0
    anthropic: int = 0
    store: int = 0
    embeddings: int = 0
    control: int = 0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where each listens: host:port for gRPC, a base URL for HTTP."""

    speech: str
    tts: str
    anthropic: str
    store: str
    embeddings: str
    control: str

    def as_json(self) -> str:
        return json.dumps(asdict(self))


class _Server(Protocol):
    async def start(self, host: str, port: int) -> int: ...
    async def stop(self) -> None: ...


@asynccontextmanager
async def running_emulators(host: str = "127.0.0.1", ports: Ports | None = None) -> AsyncIterator[Addresses]:
    """Every emulator listening; all are stopped on leaving. Raises OSError if an address is taken."""
    ports = ports or Ports()
    speech = GoogleSpeechEmulator(faults=Faults())
    tts = GoogleTtsEmulator(faults=Faults())
    anthropic = AnthropicEmulator(Faults())
    store = StoreEmulator(Faults())
    embeddings = GoogleEmbeddingsEmulator(Faults())
    control = control_server(
        {
            "speech": Controlled(speech, speech.settings),
            "tts": Controlled(tts, tts.settings),
            "anthropic": Controlled(anthropic, anthropic.settings),
            "store": Controlled(store),
            "embeddings": Controlled(embeddings, embeddings.settings),
        }
    )
    async with AsyncExitStack() as stack:

        async def start(server: _Server, port: int) -> str:
            bound = await server.start(host, port)
            stack.push_async_callback(server.stop)
            return f"{host}:{bound}"

        yield Addresses(
            speech=await start(speech, ports.speech),
            tts=await start(tts, ports.tts),
            anthropic="http://" + await start(anthropic, ports.anthropic),
            store="http://" + await start(store, ports.store),
            embeddings="http://" + await start(embeddings, ports.embeddings),
            control="http://" + await start(control, ports.control),
        )


async def run_emulators(
    host: str,
    ports: Ports,
    *,
    announce: Callable[[Addresses], None],
    until_stdin_closes: bool = False,
) -> None:
    """Run until told to stop; `announce` is called once every port is open. Takes the signals: main thread only."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        threading.Thread(target=_read_out, args=(lambda: loop.call_soon_threadsafe(stop.set),), daemon=True).start()
    async with running_emulators(host, ports) as addresses:
        announce(addresses)
        await stop.wait()


def _read_out(at_end: Callable[[], Any]) -> None:
    # os.read, not sys.stdin: a thread inside a buffered reader's lock aborts the interpreter at its end.
    while os.read(_STDIN, 4096):
        pass
    at_end()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the emulators of every vendor and of the store.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--until-stdin-closes", action="store_true")
    for field in fields(Ports):
        parser.add_argument(f"--{field.name}-port", type=int, default=0)
    chosen = parser.parse_args()
    ports = Ports(**{field.name: getattr(chosen, f"{field.name}_port") for field in fields(Ports)})
    asyncio.run(
        run_emulators(
            chosen.host,
            ports,
            announce=lambda addresses: print(addresses.as_json(), file=sys.stdout, flush=True),
            until_stdin_closes=chosen.until_stdin_closes,
        )
    )


if __name__ == "__main__":
    main()
