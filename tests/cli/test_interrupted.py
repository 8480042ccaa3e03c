"""Ctrl-C, as a shell sends it: what runs ends in order, with the exit code a shell expects and no traceback."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.running import PATIENCE, free_ports, started

pytestmark = pytest.mark.e2e

ENDED = 130


def wait_for(text: str, output: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(int(PATIENCE / 0.1)):
        if text in output.read_text():
            return
        assert process.poll() is None, output.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no {text!r} in: {output.read_text()}")


def test_a_demo_ends_everything_it_started(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr, started("demo", "--json", folder=tmp_path, stderr=stderr) as demo:
        wait_for("магазин шин", log, demo)
        demo.send_signal(signal.SIGINT)
        printed, _ = demo.communicate(timeout=PATIENCE)
    assert (demo.returncode, printed) == (ENDED, "")
    assert "Traceback" not in log.read_text()


def test_dial_hangs_up_and_serve_lets_a_call_end_unless_told_twice(tmp_path: Path) -> None:
    names = ("AUDIOSOCKET_PORT", "HTTP_PORT", "HTTP_METRICS_PORT")
    settings = {name: str(port) for name, port in zip(names, free_ports(3), strict=True)}
    log = tmp_path / "log"
    with log.open("w") as stderr, started("serve", settings=settings, folder=tmp_path, stderr=stderr) as serve:
        wait_for("Ready. ", log, serve)
        with (
            started("dial", settings=settings, folder=tmp_path) as first,
            started("dial", settings=settings, folder=tmp_path) as second,
        ):
            for dial in (first, second):
                assert dial.stdout is not None
                assert dial.stdout.readline().startswith("bot")
            first.send_signal(signal.SIGINT)
            assert first.wait(PATIENCE) == ENDED
            wait_for('"caller_hung_up"', log, serve)
            _drain_then_end(serve, second, log)
    assert "Traceback" not in log.read_text()


def _drain_then_end(serve: subprocess.Popen[str], dial: subprocess.Popen[str], log: Path) -> None:
    """The first Ctrl-C waits for the call, which goes on; the second ends it."""
    serve.send_signal(signal.SIGINT)
    wait_for('"draining"', log, serve)
    with pytest.raises(subprocess.TimeoutExpired):
        serve.wait(2)
    assert dial.poll() is None
    serve.send_signal(signal.SIGINT)
    assert serve.wait(PATIENCE) == ENDED
    dial.wait(PATIENCE)
