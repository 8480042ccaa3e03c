"""The emulated Messages API, quick, for tests of whoever talks to it."""

import asyncio
import threading

from ops.emulators.anthropic_api import AnthropicEmulator
from ops.emulators.faults import Faults


class Vendor:
    """The emulator on an event loop and a thread of its own."""

    def __init__(self) -> None:
        self.emulator = AnthropicEmulator(Faults())
        self.emulator.settings.first_token_ms = 5
        self.emulator.settings.tokens_per_second = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self.emulator.start("127.0.0.1", 0), self._loop).result(10)
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.emulator.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
