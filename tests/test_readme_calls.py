"""The README's commands that go on until they are stopped, or need a partner: run as they stand there."""

import json
import re
import shlex
import signal
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from engine.audio import RATE
from ops.embedded.postgres import EmbeddedPostgres
from ops.emulators.subtitled_voice import speak
from tests.cli.running import PATIENCE, callctl, free_ports, started
from tests.test_readme import LINES

pytestmark = pytest.mark.e2e

SERVE: Final = "callctl serve --pretty"
DIALS: Final = [line for line in LINES if line.startswith("callctl dial")]
GREETING: Final = "магазин шин"


@dataclass(frozen=True)
class Serving:
    process: subprocess.Popen[str]
    settings: Mapping[str, str]
    paragraph: str
    """What it said at its start."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the commands run: a recorded caller lies there, no .env does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with wave.open(str(folder / "caller.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(speak("Скільки коштує доставка?", "uk"))
        yield folder


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[Serving]:
    """`callctl serve --pretty`, on ports of its own."""
    assert SERVE in LINES
    names = ("AUDIOSOCKET_PORT", "HTTP_PORT", "HTTP_METRICS_PORT")
    settings = {name: str(port) for name, port in zip(names, free_ports(3), strict=True)}
    settings["CALL_MAX_LATENESS_MS"] = "10000"  # a busy machine is no reason to refuse the tests' calls
    with (folder / "log").open("w+") as log, started(
        *shlex.split(SERVE)[1:], settings=settings, folder=folder, stderr=log
    ) as process:  # fmt: skip
        yield Serving(process, settings, _until_ready(folder / "log", process))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in (folder / "log").read_text()


def _until_ready(log: Path, process: subprocess.Popen[str]) -> str:
    for _ in range(int(PATIENCE / 0.1)):
        said = log.read_text()
        if "\nReady. " in said:
            return said
        assert process.poll() is None, said
        time.sleep(0.1)
    raise AssertionError(f"not ready: {log.read_text()}")


@pytest.fixture(scope="module")
def dialled(serving: Serving, folder: Path) -> Mapping[str, str]:
    """What each `callctl dial` of the README printed: all of them called at once, and all of them ended well."""
    with ExitStack() as stack:
        callers = {
            line: stack.enter_context(started(*shlex.split(line)[1:], settings=serving.settings, folder=folder))
            for line in DIALS
        }
        typed = {"callctl dial": "Добрий день\n\nДякую, до побачення\n"}
        printed = {line: caller.communicate(typed.get(line), PATIENCE)[0] for line, caller in callers.items()}
        assert {line: caller.returncode for line, caller in callers.items()} == dict.fromkeys(DIALS, 0)
    return printed


def test_serve_says_what_it_started_and_how_to_call_it(serving: Serving) -> None:
    assert "Not configured, so started here on this machine only: PostgreSQL" in serving.paragraph
    port, http = serving.settings["AUDIOSOCKET_PORT"], serving.settings["HTTP_PORT"]
    assert f"type in another terminal: callctl dial --port {port} --http http://127.0.0.1:{http}\n" in serving.paragraph


@pytest.mark.parametrize("line", DIALS)
def test_the_bot_greets_and_answers(line: str, dialled: Mapping[str, str]) -> None:
    """Read back from its audio."""
    said = [text for text in dialled[line].splitlines() if text.startswith("bot")]
    assert GREETING in " ".join(dialled[line].split())
    assert len(said) >= 2
    assert "\ncall over: " in dialled[line]
    assert not re.search(r"[.!?][^\W\d]", " ".join(said)), "sentences run together"
    assert "\x1b[" not in dialled[line]


def test_dial_shows_each_side(dialled: Mapping[str, str]) -> None:
    typed, said, interrupted, pressed, played = (dialled[line] for line in DIALS)
    assert "you  Добрий день\n" in typed
    assert "call over: the bot hung up" in typed
    assert "you  Скільки коштує доставка?\n" in said
    assert "call over: you hung up" in said
    assert re.search(r"the bot stopped \d+ ms after your first word", interrupted)
    assert "you  pressed 123\n" in pressed
    assert "you  played caller.wav\n" in played


@pytest.mark.usefixtures("dialled")
def test_dial_records_both_sides(folder: Path) -> None:
    with wave.open(str(folder / "call.wav")) as recorded:
        assert (recorded.getnchannels(), recorded.getframerate()) == (2, RATE)
        assert recorded.getnframes() > 3 * RATE


def test_a_second_engine_on_the_same_port_says_so(serving: Serving, folder: Path) -> None:
    second = callctl("serve", settings=serving.settings, folder=folder)
    assert second.returncode == 2
    [complaint] = second.stderr.splitlines()
    assert complaint.startswith("error: AUDIOSOCKET_HOST, AUDIOSOCKET_PORT: cannot listen on 127.0.0.1:")
    assert "HTTP_HOST, HTTP_PORT" in complaint


def test_the_emulators_run_until_told_to_stop(tmp_path: Path) -> None:
    line = "callctl emulators run --json"
    assert line in LINES
    with started(*shlex.split(line)[1:], folder=tmp_path) as process:
        assert process.stdout is not None
        assert set(json.loads(process.stdout.readline())) == {
            "speech",
            "tts",
            "anthropic",
            "store",
            "embeddings",
            "control",
        }
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_db_status_of_an_empty_database(folder: Path) -> None:
    line = "callctl db status"
    assert line in LINES
    with EmbeddedPostgres(folder / "postgres") as server:
        result = callctl(*shlex.split(line)[1:], settings={"DATABASE_URL": server.url}, folder=folder)
    assert (result.returncode, result.stderr) == (1, "")
    assert "missing  0001_calls.sql" in result.stdout
