"""The offline provider: asks `local_process`, keeps it running, and never waits for it in vain.

One request is under way at a time. A caller who gives up leaves at once; a request nobody waits for any more is not
even begun. A process that dies or hangs costs the requests it had, and is started again, later each time it fails soon.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import trio

from engine.errors import EmbeddingsError
from engine.knowledge.embeddings.base import Kind, Made, Vectors, unit
from engine.log import get_logger

log = get_logger("embeddings.local")

PROVIDER: Final = "local"
MADE: Final = Made(PROVIDER, "multilingual-e5-small-q4", 384)
MODULE: Final = "engine.knowledge.embeddings.local_process"

_BATCH: Final = 8
_QUEUE: Final = 256
_START_SECONDS: Final = 30.0
_SECONDS_A_TEXT: Final = 10.0
"""512 tokens take one of them: who takes longer hangs."""
_PATIENCE: Final[Mapping[Kind, float]] = {"query": 2.0, "passage": math.inf}
"""Of whoever asks, the queue and the start of the process included."""
_RESTARTS: Final = (0.5, 2.0, 10.0, 60.0)
"""Seconds before the next attempt."""


class _ProcessLost(Exception):
    """It died, hangs or does not speak our language."""


class _Unusable(_ProcessLost):
    """It says itself that it cannot work here: trying again is no use."""


@dataclass(slots=True)
class _Job:
    texts: Sequence[str]
    kind: Kind
    over: trio.Event = field(default_factory=trio.Event)
    vectors: Vectors | None = None
    why_not: str = ""
    abandoned: bool = False


class LocalEmbedder:
    """Asked with `embed`, kept alive by `run`. `command`: the process; the model's by default."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", MODULE)) -> None:
        self._command = command
        self._send, self._receive = trio.open_memory_channel[_Job](_QUEUE)
        self.why_not: str = "it is still starting"
        """Empty while the process answers."""

    @property
    def made(self) -> Made:
        return MADE

    @property
    def batch(self) -> int:
        return _BATCH

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        if not texts:
            return np.empty((0, MADE.dimensions), np.float32)
        job = _Job(texts, kind)
        try:
            with trio.move_on_after(_PATIENCE[kind]):
                await self._send.send(job)
                await job.over.wait()
        finally:
            job.abandoned = True
        if job.vectors is None:
            raise EmbeddingsError(PROVIDER, job.why_not or self.why_not or "no answer in time", retryable=True)
        return job.vectors

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            try:
                async with self._started() as process:
                    self.why_not = ""
                    while True:
                        await self._answer(process, await self._receive.receive())
                        failures = 0
            except _ProcessLost as error:
                self.why_not = str(error)
                pause = math.inf if isinstance(error, _Unusable) else _RESTARTS[min(failures, len(_RESTARTS) - 1)]
                failures += 1
                log.warning("embeddings_process_lost", error=str(error), restart_in_s=pause)
                with trio.move_on_after(pause):
                    await self._refuse()

    async def _refuse(self) -> None:
        """Nobody waits for a process that is not there."""
        while True:
            (await self._receive.receive()).over.set()

    async def _answer(self, process: trio.Process, job: _Job) -> None:
        if job.abandoned:
            return
        try:
            with trio.fail_after(_SECONDS_A_TEXT * len(job.texts)):
                job.vectors = await _ask(process, job)
        except (trio.TooSlowError, trio.BrokenResourceError) as error:
            job.why_not = "no answer in time" if isinstance(error, trio.TooSlowError) else "its process is gone"
            raise _ProcessLost(job.why_not) from error
        finally:
            job.over.set()

    @asynccontextmanager
    async def _started(self) -> AsyncGenerator[trio.Process]:
        try:
            process = await trio.lowlevel.open_process(
                list(self._command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(),
                # A Ctrl-C at the terminal is ours to pass on; in a session of its own being nice would count for
                # nothing: Linux gives each session an equal share (sched(7), "autogroup").
                process_group=0,
            )  # fmt: skip
        except OSError as error:
            raise _ProcessLost(f"it cannot be started: {error}") from error
        try:
            await _greeted(process)
            yield process
        finally:
            with trio.CancelScope(shield=True):
                await _end(process)


async def _ask(process: trio.Process, job: _Job) -> Vectors:
    assert process.stdin is not None
    request = json.dumps({"kind": job.kind, "texts": [_clean(text) for text in job.texts]})
    await process.stdin.send_all(request.encode() + b"\n")
    content = await _read(process, len(job.texts) * MADE.dimensions * 4)
    return unit(np.frombuffer(content, "<f4").reshape(len(job.texts), MADE.dimensions).astype(np.float32))


async def _greeted(process: trio.Process) -> None:
    line = b""
    with trio.move_on_after(_START_SECONDS), suppress(trio.BrokenResourceError):
        while not line.endswith(b"\n"):
            line += await _read(process, 1)
    try:
        greeting = json.loads(line)
    except ValueError:
        raise _ProcessLost("it did not start") from None
    if "error" in greeting:
        raise _Unusable(greeting["error"])
    if greeting["dimensions"] != MADE.dimensions:
        raise _Unusable(f"its vectors have {greeting['dimensions']} dimensions, not {MADE.dimensions}")


async def _read(process: trio.Process, size: int) -> bytes:
    """Raises `BrokenResourceError` at its end."""
    assert process.stdout is not None
    content = bytearray()
    while len(content) < size:
        part = await process.stdout.receive_some(size - len(content))
        if not part:
            raise trio.BrokenResourceError
        content += part
    return bytes(content)


async def _end(process: trio.Process) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(trio.BrokenResourceError):
        await process.stdin.aclose()
    process.kill()
    await process.wait()
    await process.stdout.aclose()


def _environment() -> Mapping[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def _clean(text: str) -> str:
    """C ends a string at a NUL, and half a surrogate pair is no UTF-8."""
    return text.replace("\0", " ").encode(errors="replace").decode()


@asynccontextmanager
async def open_local(command: Sequence[str] = (sys.executable, "-m", MODULE)) -> AsyncGenerator[LocalEmbedder]:
    """Starting behind our back: opening waits for nothing."""
    embedder = LocalEmbedder(command)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(embedder.run, name="embeddings")
        yield embedder
        nursery.cancel_scope.cancel()
