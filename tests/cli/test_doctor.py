"""`callctl doctor` as people and programs read it."""

import json
from pathlib import Path
from typing import Any

from tests.cli.running import callctl, free_ports

STATES = {"ok": "✓", "failed": "✗", "skipped": "–"}


def looked(folder: Path, **settings: str) -> tuple[int, dict[str, Any]]:
    result = callctl("doctor", "--json", settings=settings, folder=folder)
    return result.returncode, {each["name"]: each for each in json.loads(result.stdout)}


def ports() -> dict[str, str]:
    return dict(zip(("AUDIOSOCKET_PORT", "HTTP_PORT", "HTTP_METRICS_PORT"), map(str, free_ports(3)), strict=True))


def test_with_nothing_configured(tmp_path: Path) -> None:
    code, found = looked(tmp_path, XDG_STATE_HOME=str(tmp_path), **ports())
    assert found["settings"]["state"] == "ok"
    assert found["database"] == {"name": "database", "state": "skipped", "found": "DATABASE_URL is not set",
                                 "remedy": "", "seconds": 0.0}  # fmt: skip
    assert found["models"]["state"] == "ok"
    assert code == any(each["state"] == "failed" for each in found.values())


def test_what_fails_has_a_remedy_and_the_exit_code_tells(tmp_path: Path) -> None:
    [port] = free_ports(1)
    code, found = looked(tmp_path, DATABASE_URL=f"postgresql://127.0.0.1:{port}/x", **ports())
    assert code == 1
    assert found["database"]["state"] == "failed"
    assert "DATABASE_URL" in found["database"]["remedy"]
    assert found["schema"]["state"] == "skipped"
    assert all(bool(each["remedy"]) == (each["state"] == "failed") for each in found.values())


def test_a_wrong_setting_is_a_finding_too(tmp_path: Path) -> None:
    result = callctl("doctor", settings={"CALL_MAX_CALLS": "many"}, folder=tmp_path)
    assert result.returncode == 1
    first, second = result.stdout.splitlines()
    assert first.startswith("✗  settings")
    assert "CALL_MAX_CALLS" in first
    assert second.strip().startswith("→ ")


def test_for_people(tmp_path: Path) -> None:
    lines = callctl("doctor", settings=ports(), folder=tmp_path).stdout.splitlines()
    marked = [line for line in lines if line[:1] in STATES.values()]
    assert len(marked) > 10
    assert any(line.startswith("–  database") for line in marked)
