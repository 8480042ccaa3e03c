"""What a user can mend is said in one line on stderr, with exit code 2 and no traceback."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.cli.running import callctl, free_ports

TYPED_WRONG = {
    "nonsense": "No such command 'nonsense'.",
    "config nonsense": "No such command 'nonsense'.",
    "dial --nonsense": "No such option: --nonsense",
    "dial --port 99999": "'--port'",
    "serve --port many": "'--port'",
    "serve --drain-seconds -1": "'--drain-seconds'",
    "dial --dtmf 12x": "--dtmf takes the keys 0-9 * # A-D",
    "dial --record nowhere/call.wav": "--record nowhere/call.wav: there is no such folder",
    "demo --record nowhere/call.wav": "--record nowhere/call.wav: there is no such folder",
    "dial --wav nowhere.wav": "--wav nowhere.wav: No such file or directory",
    "dial --wav text.wav": "--wav text.wav: file does not start with RIFF id",
    "dial --wav empty.wav": "--wav empty.wav: this is no WAV file",
    "db status": "DATABASE_URL is not set",
    "db migrate": "DATABASE_URL is not set",
    "partitions ensure --months-ahead 0": "--months-ahead 0: give a number of months from 1 to 120",
    "partitions ensure --months-ahead 121": "--months-ahead 121: give a number of months from 1 to 120",
    "partitions status": "DATABASE_URL is not set",
    "retention run": "DATABASE_URL is not set",
    "customers list --limit 0": "'--limit'",
    "customers show 12345": "'12345' is no phone number",
    "customers erase 0671234567": "nobody is there to ask: erase with --yes",
    "jobs run nonsense": "there is no job 'nonsense'; there are: partitions, ",
    "jobs history --job nonsense": "there is no job 'nonsense'; there are: partitions, ",
    "jobs history --limit 0": "'--limit'",
    "jobs run partitions": "DATABASE_URL is not set",
    "scheduler run": "DATABASE_URL is not set",
    "scheduler run --metrics-port 99999": "'--metrics-port'",
    "backup create": "DATABASE_URL is not set",
    "backup restore nonsense": "DATABASE_URL is not set",
    "backup restore nonsense --into nonsense": "this is no URL of PostgreSQL: give postgresql://USER@HOST/DATABASE",
    "backup restore nonsense --into postgresql://h/d": "there is no back-up 'nonsense' in ",
    "stats daily": "DATABASE_URL is not set",
    "stats daily --date tomorrow": "--date tomorrow: give a date as YYYY-MM-DD",
    "stats daily --date 9999-12-31": "--date 9999-12-31: give a date between 1970-01-01 and 2199-12-31",
    "stats daily --date 0001-01-01": "--date 0001-01-01: give a date between 1970-01-01 and 2199-12-31",
    "stats daily --date 2199-01-01": "--date 2199-01-01: that day has not begun",
    "calls list --since 9999-12-31": "--since 9999-12-31: give a date between 1970-01-01 and 2199-12-31",
    "stats daily --date 2026-02-30": "--date 2026-02-30: give a date as YYYY-MM-DD",
    "calls list --since 1.1.2026": "--since 1.1.2026: give a date as YYYY-MM-DD",
    "calls list --outcome good": "--outcome good: there are completed, caller_hung_up",
    "calls list --limit 0": "'--limit'",
    "quality run --limit 0": "'--limit'",
    "quality run --since soon": "--since soon: give a date as YYYY-MM-DD",
    "quality show 123": "123 is no call's id: callctl calls list shows them",
    "calls show 123": "123 is no call's id: callctl calls list shows them",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ours, with no .env and nothing configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # where no embedded server runs
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "text.wav").write_text("no sound, but long enough to be read as a header")
    (tmp_path / "empty.wav").touch()
    return tmp_path


@pytest.mark.parametrize("line", TYPED_WRONG)
@pytest.mark.usefixtures("folder")
def test_typed_wrong(line: str) -> None:
    result = CliRunner().invoke(app, line.split())
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert TYPED_WRONG[line] in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("group", [[], ["config"], ["db"], ["emulators"]])
def test_no_command_prints_the_help(group: list[str]) -> None:
    result = CliRunner().invoke(app, group)
    assert result.exit_code == 2
    assert "--help" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("command", ["serve", "demo", "dial", "config show"])
def test_a_bad_value_names_its_variable(command: str, tmp_path: Path) -> None:
    settings = {"CALL_MAX_CALLS": "many", "LOG_LEVEL": "loud"}
    result = callctl(*command.split(), settings=settings, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: CALL_MAX_CALLS: ")
    assert "; LOG_LEVEL: " in result.stderr
    assert result.stderr.count("\n") == 1


def test_nobody_there_to_dial(tmp_path: Path) -> None:
    audiosocket, http = map(str, free_ports(2))
    settings = {"AUDIOSOCKET_PORT": audiosocket, "HTTP_PORT": http}
    result = callctl("dial", "--say", "Добрий день", settings=settings, folder=tmp_path)
    said = f"error: nobody answers at 127.0.0.1:{audiosocket}; is `callctl serve` running?\n"
    assert (result.returncode, result.stderr) == (2, said)


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    [port] = free_ports(1)
    result = callctl("db", "status", settings={"DATABASE_URL": f"postgresql://127.0.0.1:{port}/x"}, folder=tmp_path)
    said = "error: the database of DATABASE_URL does not answer within 5 s\n"
    assert (result.returncode, result.stderr) == (2, said)


@pytest.mark.parametrize("option", ["--speech-port", "--tts-port", "--anthropic-port", "--store-port"])
def test_a_busy_port_of_an_emulator(option: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = callctl("emulators", "run", option, str(taken.getsockname()[1]), folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: the emulators cannot listen: Address already in use")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--http-port", "--metrics-port", "--port"])
def test_a_busy_port_of_the_engine(option: str, tmp_path: Path) -> None:
    """With everything configured (to nobody): nothing embedded is started, and the vendors' absence is only logged."""
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    configured = {
        "DATABASE_URL": f"postgresql://{nobody}/x", "REDIS_URL": f"redis://{nobody}", "GOOGLE_SPEECH_ENDPOINT": nobody,
        "GOOGLE_TTS_ENDPOINT": nobody, "GOOGLE_PLAINTEXT": "true", "GOOGLE_TIMEOUT": "0.5", "ANTHROPIC_API_KEY": "x",
        "ANTHROPIC_BASE_URL": f"http://{nobody}", "STORE_BASE_URL": f"http://{nobody}", "HTTP_PORT": "0",
        "HTTP_METRICS_PORT": "0", "AUDIOSOCKET_PORT": "0",
    }  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = callctl("serve", option, str(port), settings=configured, folder=tmp_path)
    *log, said = result.stderr.splitlines()
    assert result.returncode == 2
    assert said.startswith("error: ")
    assert f"127.0.0.1:{port}" in said
    assert all(line.startswith("{") for line in log)


@pytest.mark.parametrize("workers", [[], ["--workers", "1"]])
def test_a_busy_port_is_told_before_anything_is_started(workers: list[str], tmp_path: Path) -> None:
    """With nothing configured: no embedded server, no emulator, no log line."""
    settings = {"HTTP_PORT": "0", "HTTP_METRICS_PORT": "0"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = callctl("serve", "--port", str(port), *workers, settings=settings, folder=tmp_path)
    where = f"127.0.0.1:{port}: Address already in use"
    said = f"error: AUDIOSOCKET_HOST, AUDIOSOCKET_PORT: cannot listen on {where}\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", said)
