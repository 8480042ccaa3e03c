"""One place for a worker: the process in it, what it says of itself, and what its metrics said last."""

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import httpx
import trio

from engine.log import get_logger
from engine.supervisor.heartbeat import READY
from engine.supervisor.pulse import LOOK_SECONDS, Pulse
from engine.supervisor.tally import Tally

log = get_logger("supervisor")

_INSIST_SECONDS: Final = 5.0


class Seat:
    """`command` starts a worker when the number of its descriptor is added; `settings` goes to its stdin."""

    def __init__(self, number: int, command: Sequence[str], settings: str, tally: Tally) -> None:
        self.number = number
        self.is_ready = False
        """Takes calls, and new ones are welcome."""
        self.metrics_port: int | None = None
        self.was_ready = False
        """Ever, in any of its processes."""
        self._command = command
        self._settings = settings
        self._tally = tally

    async def run_worker(self, stop: trio.Event, stop_seconds: float, ready: trio.Event) -> int:
        """One process from start to end, and its exit status (negative: the signal). Sets `ready` when it takes calls.
        It is told to drain once `stop` is set, has `stop_seconds` for it, and is killed as soon as it hangs.
        Cancelling insists, then kills."""
        reading, writing = os.pipe()
        pulse = Pulse(trio.current_time())
        async with trio.lowlevel.FdStream(reading) as beats, trio.open_nursery() as nursery:
            process = await self._start(nursery, writing)
            log.info("worker_started", worker=self.number, pid=process.pid)
            nursery.start_soon(self._listen, beats, pulse, ready)
            nursery.start_soon(self._kill_when_dead, process, pulse)
            nursery.start_soon(_end, process, stop, stop_seconds)
            status = await process.wait()
            nursery.cancel_scope.cancel()
        self.is_ready, self.metrics_port = False, None
        self._tally.gone(self.number)
        return status

    async def collect(self, client: httpx.AsyncClient) -> None:
        """Ask the worker for its metrics; one that does not answer keeps the page it gave before."""
        if self.metrics_port is not None:
            try:
                answer = await client.get(f"http://127.0.0.1:{self.metrics_port}/metrics")
            except httpx.TransportError:
                return
            if self.metrics_port is not None and answer.is_success:  # it may have died meanwhile
                self._tally.heard(self.number, answer.text)

    async def _start(self, nursery: trio.Nursery, writing: int) -> trio.Process:
        command = [*self._command, str(writing)]
        start = partial(
            trio.run_process, command, stdin=subprocess.PIPE, pass_fds=(writing,), check=False, deliver_cancel=_insist,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
        )  # fmt: skip
        try:
            process: trio.Process = await nursery.start(start)
        finally:
            os.close(writing)
        assert process.stdin is not None
        with suppress(trio.BrokenResourceError):  # it is dead already: its status tells
            await process.stdin.send_all(self._settings.encode() + b"\n")
        return process

    async def _listen(self, beats: trio.lowlevel.FdStream, pulse: Pulse, ready: trio.Event) -> None:
        head = b""
        async for heard in beats:
            if self.metrics_port is None:
                head, newline, heard = (head + heard).partition(b"\n")
                if not newline:
                    continue
                self.metrics_port = int(head)
                self.was_ready = True
                ready.set()
            pulse.beat()
            self.is_ready = heard.endswith(READY)
        pulse.leave()
        self.is_ready = False

    async def _kill_when_dead(self, process: trio.Process, pulse: Pulse) -> None:
        while not pulse.is_dead(trio.current_time()):  # noqa: ASYNC110 - silence is no event
            await trio.sleep(LOOK_SECONDS)
        log.error("worker_hangs", worker=self.number, pid=process.pid, phase=pulse.phase)
        self.is_ready = False
        process.kill()


async def _end(process: trio.Process, stop: trio.Event, seconds: float) -> None:
    await stop.wait()
    process.terminate()
    await trio.sleep(seconds)
    log.error("worker_killed", pid=process.pid, after_seconds=seconds)
    process.kill()


async def _insist(process: trio.Process) -> None:
    """A second signal cuts the calls short; who does not hear it is killed."""
    process.terminate()
    await trio.sleep(_INSIST_SECONDS)
    process.kill()
