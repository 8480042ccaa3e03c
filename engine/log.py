"""Logging: one JSON object a line on stderr, without people's data, never in the way of the media clock.

Every record, ours and the libraries', takes one road: context (`call_id`) -> exception text -> `sanitize` -> time ->
JSON -> a bounded queue that a thread empties into stderr. A reader that stops reading costs log lines, counted and
reported once it reads again; it never costs a frame of audio.
"""

import atexit
import logging
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol, TextIO, cast
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from engine.redaction import sanitize

_QUEUE_LINES: Final = 8192
_LEAST_OF_LIBRARIES: Final = logging.WARNING
_EXIT_PATIENCE: Final = 1.0
"""Seconds the process waits at its end for the last lines to be written."""


class Writer(Protocol):
    """Where finished lines go (without their newline)."""

    def write_line(self, line: str) -> None: ...
    def close(self) -> None: ...


class DirectWriter:
    """Writes in the caller's thread: for tests, and until `configure` has been called."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def write_line(self, line: str) -> None:
        print(line, file=self._stream or sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is held back."""


class QueuedWriter:
    """Writes in a thread of its own. A full queue drops the line and counts it."""

    def __init__(self, stream: TextIO, *, max_lines: int = _QUEUE_LINES) -> None:
        self._stream = stream
        self._max_lines = max_lines
        # SimpleQueue.put is reentrant: a finalizer or signal handler may log in the middle of a put.
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self.dropped = 0
        self._thread.start()

    def write_line(self, line: str) -> None:
        if self._lines.qsize() >= self._max_lines:
            self.dropped += 1
        else:
            self._lines.put(line)

    def close(self) -> None:
        """Write what is queued, for at most a second."""
        self._lines.put(None)
        self._thread.join(_EXIT_PATIENCE)

    def _run(self) -> None:
        reported = 0
        while (line := self._lines.get()) is not None:
            if self.dropped != reported:
                line += f'\n{{"level":"warning","component":"log","event":"log_lines_dropped","total":{self.dropped}}}'
                reported = self.dropped
            self._emit(line + "\n", flush=self._lines.empty())
        self._emit("", flush=True)

    def _emit(self, text: str, *, flush: bool) -> None:
        try:
            self._stream.write(text)
            if flush:
                self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream is closed
            self.dropped += 1


class _LineLogger:
    """What structlog hands finished lines to."""

    def __init__(self, writer: Writer) -> None:
        self.msg = writer.write_line

    def __getattr__(self, level: str) -> Any:
        return self.msg


class _LibraryHandler(logging.Handler):
    """Sends records of the standard library's loggers down our road."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(record.levelno, logging.DEBUG)
        get_logger(record.name).log(level, record.getMessage(), exc_info=record.exc_info)


def _sanitize_record(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: sanitize(value, key) for key, value in event.items()}


def _install(level: str, writer: Writer, renderer: Processor) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _sanitize_record,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _LineLogger(writer),
        cache_logger_on_first_use=False,  # loggers made at import time must follow a later configure()
    )


_JSON = structlog.processors.JSONRenderer(ensure_ascii=False, separators=(",", ":"))
_writer: Writer = DirectWriter()
_install("INFO", _writer, _JSON)  # what logs before configure(), or in a tool that forgot it, is sanitised too


def configure(level: str, *, stream: TextIO | None = None, json: bool = True) -> None:
    """Log from `level` ("DEBUG" ... "ERROR") up: to stderr through the queue, or straight to `stream`.
    `json=False` renders lines for people. May be called again."""
    global _writer
    _writer.close()
    atexit.unregister(_writer.close)
    _writer = QueuedWriter(sys.stderr) if stream is None else DirectWriter(stream)
    atexit.register(_writer.close)
    console = structlog.dev.ConsoleRenderer(
        colors=(stream or sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    _install(level, _writer, _JSON if json else console)
    root = logging.getLogger()
    root.setLevel(max(_LEAST_OF_LIBRARIES, logging.getLevelNamesMapping()[level]))
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _LibraryHandler)]
    root.addHandler(_LibraryHandler())
    logging.captureWarnings(True)


def get_logger(component: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry `component`. Usable at import time: it follows a later `configure`."""
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger(component=component))


@contextmanager
def bind_call(call_id: UUID | str) -> Iterator[None]:
    """Lines logged inside, also by trio tasks started inside, carry `call_id`."""
    with structlog.contextvars.bound_contextvars(call_id=call_id):
        yield
