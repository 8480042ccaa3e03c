"""Lines as they leave the process."""

import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from engine.log import QueuedWriter, bind_call, configure, get_logger

early = get_logger("test.early")


class Lines:
    """What was logged, parsed."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def __call__(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    configure("INFO", stream=lines.stream)
    yield lines
    configure("INFO", stream=io.StringIO())


def test_one_json_object_a_line(lines: Lines) -> None:
    early.info("turn_ended", turn=3, text="рядок\nдругий", ms=12.5)
    early.debug("not_wanted")
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "turn_ended", "level": "info", "component": "test.early", "turn": 3,
                    "text": "рядок\nдругий", "ms": 12.5}  # fmt: skip


def test_exceptions_and_events_are_sanitised(lines: Lines) -> None:
    try:
        raise ValueError("0671234567")
    except ValueError:
        early.exception("failed for 0671234567")
    (line,) = lines()
    assert "+38067***4567" in line["event"]
    assert "ValueError: +38067***4567" in line["exception"]
    assert "0671234567" not in lines.stream.getvalue()


def test_libraries_go_the_same_road_from_warning_up(lines: Lines) -> None:
    library = logging.getLogger("httpx")
    library.info("GET /orders?phone=0671234567")
    library.warning("retrying %s", "https://user:hunter2@host/")
    (line,) = lines()
    assert (line["component"], line["level"]) == ("httpx", "warning")
    assert line["event"] == "retrying https://***@host/"


async def test_a_calls_lines_carry_its_id_also_from_its_tasks(lines: Lines) -> None:
    async def task(turn: int) -> None:
        await trio.lowlevel.checkpoint()
        early.info("in_task", turn=turn)

    async def call(call_id: str) -> None:
        with bind_call(call_id):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(task, 1)
                nursery.start_soon(task, 2)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call, "first")
        nursery.start_soon(call, "second")
    early.info("outside")
    ids = sorted(line.get("call_id", "none") for line in lines())
    assert ids == ["first", "first", "none", "second", "second"]


def test_lines_for_people(lines: Lines) -> None:
    configure("DEBUG", stream=lines.stream, json=False)
    early.debug("hello", phone="0671234567")
    assert "hello" in lines.stream.getvalue()
    assert "+38067***4567" in lines.stream.getvalue()


def test_a_reader_that_stops_reading_blocks_nobody_and_is_told_what_it_missed() -> None:
    reading, writing = os.pipe()
    with open(reading) as reader, open(writing, "w") as stream:
        writer = QueuedWriter(stream, max_lines=100)
        line = "x" * 1000
        for _ in range(1000):  # the pipe holds 64 KiB: nobody has read any of it
            writer.write_line(line)
        assert writer.dropped > 500
        received: list[str] = []
        thread = threading.Thread(target=lambda: received.extend(reader))
        thread.start()
        while not any("log_lines_dropped" in line for line in list(received)):
            writer.write_line("again")
        writer.close()
        stream.close()
        thread.join()
    report = json.loads(next(line for line in received if "log_lines_dropped" in line))
    assert report["total"] >= 500


def test_a_reader_that_went_away_is_survived() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = open(writing, "w")  # noqa: SIM115 (closing it fails, as it must)
    writer = QueuedWriter(stream)
    writer.write_line("nobody hears")
    writer.close()
    assert writer.dropped >= 1
    with pytest.raises(BrokenPipeError):
        stream.close()
