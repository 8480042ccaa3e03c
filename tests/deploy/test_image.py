"""What the Containerfile and compose.yaml promise, as far as it can be read."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cli.supervising import BEYOND_THE_DRAIN
from engine.config import SECTIONS, variable
from tests.cli.command_tree import parse
from tests.cli.running import ROOT

CONTAINERFILE: Final = (ROOT / "Containerfile").read_text()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
SETTINGS: Final = {variable(section, field) for section in SECTIONS.values() for field in section.model_fields}
OURS: Final = [name for name, service in SERVICES.items() if service.get("image", "").startswith("callctl")]


def stage(name: str) -> str:
    """The instructions of one stage."""
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", CONTAINERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_image_has_the_one_version_of_python() -> None:
    assert f"ARG PYTHON_VERSION={(ROOT / '.python-version').read_text().strip()}\n" in CONTAINERFILE


def test_every_package_comes_from_the_constraints() -> None:
    installing = [
        line for line in re.split(r"\n(?=\w)", CONTAINERFILE) if re.search(r"\bpip\b.* (install|wheel)", line)
    ]
    assert installing
    for line in installing:
        for command in re.findall(r"pip (?:--python \S+ )?(?:install|wheel)(?:[^&]|\n)*", line):
            assert "-c constraints.txt" in command or "--no-deps" in command


def test_what_runs_is_no_root_and_has_nothing_to_build_with() -> None:
    product = stage("callctl")
    assert re.search(r"^USER 10001:10001$", product, re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", product, re.MULTILINE)
    assert "HEALTHCHECK" in product
    assert "/healthz" in product
    for label in ("title", "description", "licenses", "revision"):
        assert f"org.opencontainers.image.{label}=" in product
    assert not re.search(r"apt-get|pip install|gcc", product)
    assert CONTAINERFILE.rstrip().endswith("FROM callctl"), "a build without --target makes the product"


def test_no_file_names_a_registry_of_packages() -> None:
    names = ("index-url", "INDEX_URL", "find-links=http", "trusted-host")
    for path in [ROOT / "Containerfile", ROOT / "compose.yaml", *(ROOT / "ops/deploy").rglob("Containerfile")]:
        assert not any(name in path.read_text() for name in names), path


def test_the_extras_of_the_image_are_parts_of_what_is_embedded() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {*extras["embeddings"], *extras["emulators"]} < {*extras["embedded"]}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_this_machine_alone(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted({*SERVICES} - {"dial", "prepare"}))
def test_what_runs_on_is_limited_restarted_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert "memory" in service["deploy"]["resources"]["limits"]
    if name not in ("asterisk", "alertmanager"):  # the first's is in its image; the second's image has no client
        assert "healthcheck" in service


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_write_nowhere_and_gain_nothing(name: str) -> None:
    if name == "asterisk":
        return
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_given_is_a_setting(name: str) -> None:
    others = {"OMP_NUM_THREADS", "CALLCTL_ENGINES"}
    assert {*SERVICES[name].get("environment", {})} - SETTINGS <= others


def test_the_drain_is_shorter_than_what_stopping_is_given() -> None:
    drain = SECTIONS["call"].model_fields["drain_seconds"].default
    assert int(SERVICES["call-processor"]["stop_grace_period"].removesuffix("s")) > drain + BEYOND_THE_DRAIN


def test_a_start_does_not_undo_what_was_edited() -> None:
    """`prepare` runs at each `docker compose up`."""
    prepare = (ROOT / "ops/deploy/compose/run.sh").read_text().rpartition("exec callctl")[2]
    assert "knowledge load --if-empty" in prepare


def lines_for_docker() -> list[str]:
    """What compose.yaml and the README tell people to type, up to what is explained beside it."""
    texts = [(ROOT / name).read_text() for name in ("compose.yaml", "README.md")]
    found = [line for text in texts for line in re.findall(r"docker compose (?:(?! {2,}|`).)+", text)]
    assert found
    return found


@pytest.mark.parametrize("line", lines_for_docker())
def test_each_command_for_docker_is_one_that_works(line: str) -> None:
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert set(re.findall(r"--profile (\S+)", line)) <= profiles
    if run := re.search(r" run --rm (\S+) ?(.*)", line):
        service = SERVICES[run[1]]
        words = run[2].split() or service["command"]
        assert service["entrypoint"][-1].endswith("run.sh"), "callctl itself is not to be said"
        parse(f"callctl {' '.join(words)}" if run[2] else f"callctl {words[0]}")


def test_a_caller_calls_the_engine_whatever_he_says() -> None:
    environment = SERVICES["dial"]["environment"]
    assert environment["AUDIOSOCKET_HOST"] == environment["HTTP_HOST"] == "call-processor"
    assert "--host" not in SERVICES["dial"]["command"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_database_of_ones_own_is_taken(name: str) -> None:
    assert SERVICES["call-processor"]["environment"][name].startswith(f"${{{name}:-")


def test_calls_come_first_on_the_processors() -> None:
    """An embedding is made by a nice process, and that counts for nothing between containers."""
    shares = {name: service.get("cpu_shares", 1024) for name, service in SERVICES.items()}
    calls = shares.pop("call-processor")
    assert calls >= 10 * max(shares.values())
    assert calls >= 50 * max(shares["scheduler"], shares["prepare"])


def test_postgres_has_room_for_the_vectors_and_for_the_rest() -> None:
    postgres = SERVICES["postgres"]
    [buffers] = re.findall(r"shared_buffers=(\d+)MB", " ".join(postgres["command"]))
    assert 122 < int(buffers) <= int(postgres["deploy"]["resources"]["limits"]["memory"].removesuffix("m")) / 2


def test_addresses_of_alerts_may_hold_anything(tmp_path: Path) -> None:
    """They are secrets that others make up: `&`, `|` and `\\` too."""
    page, ticket = r"https://x.example/?a=1&b=|\1$HOME", "https://y.example/'\"`"
    (tmp_path / "alertmanager").write_text("#!/bin/sh\n")
    (tmp_path / "alertmanager").chmod(0o755)
    environment = {"ALERT_PAGE_URL": page, "ALERT_TICKET_URL": ticket, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = ROOT / "ops/deploy/compose/alertmanager.sh"
    template = ROOT / "ops/deploy/alertmanager/alertmanager.yml"
    subprocess.run(["sh", script, tmp_path, template], env=environment, check=True)
    receivers = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())["receivers"]
    assert [each["webhook_configs"][0]["url"] for each in receivers] == [page, ticket]
