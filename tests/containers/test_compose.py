"""compose.yaml from nothing: healthy in time, calls are answered, and each part that is killed comes back."""

import time

import httpx
import pytest

from tests.containers.compose import Compose, docker, kill, lines

pytestmark = pytest.mark.containers

HEALTHY_SECONDS = 60.0
RECOVERY_SECONDS = 60.0
SERVICES = ("postgres", "redis", "emulators", "call-processor", "scheduler", "prometheus", "grafana")

type Up = tuple[Compose, float]


def callctl(compose: Compose, *arguments: str) -> str:
    return compose("exec", "-T", "call-processor", "sh", "/etc/callctl/run.sh", *arguments).stdout


def converse(compose: Compose) -> str:
    """What `dial` prints."""
    return compose("run", "--rm", "-T", "dial").stdout


def test_it_is_healthy_within_a_minute(up: Up) -> None:
    compose, seconds = up
    assert seconds < HEALTHY_SECONDS
    assert {service: compose.health(service)[1] for service in SERVICES} == dict.fromkeys(SERVICES, "healthy")


def test_the_database_is_ready_for_calls(up: Up) -> None:
    compose, _ = up
    callctl(compose, "db", "status")
    callctl(compose, "partitions", "status")
    callctl(compose, "embeddings", "status")
    assert len(callctl(compose, "knowledge", "list").splitlines()) > 50


def test_a_caller_holds_a_conversation(up: Up) -> None:
    compose, _ = up
    said = converse(compose)
    print(f"\n{said}")
    assert len(lines(said, ["you  "])) == 4
    assert len(lines(said, ["bot  "])) == 5
    assert "двісті п'ятдесят гривень" in " ".join(said.split()), "what delivery costs, from the article on it"
    assert "the bot hung up" in said
    assert "completed" in callctl(compose, "calls", "list")


def test_a_caller_says_what_he_is_told_to(up: Up) -> None:
    compose, _ = up
    said = compose("run", "--rm", "-T", "dial", "dial", "--say", "Дякую, до побачення").stdout
    assert len(lines(said, ["you  "])) == 1
    assert "the bot hung up" in said


def test_prometheus_sees_everything_it_is_to_watch(up: Up) -> None:
    compose, _ = up
    query = f"http://127.0.0.1:{compose.ports['PROMETHEUS_PORT']}/api/v1/query"
    deadline = time.monotonic() + 40
    while True:
        found = httpx.get(query, params={"query": "up"}).raise_for_status().json()["data"]["result"]
        values = {each["metric"]["job"]: each["value"][1] for each in found}
        if {"callctl": "1", "callctl-scheduler": "1"}.items() <= values.items():
            return
        assert time.monotonic() < deadline, values
        time.sleep(1)


def test_nothing_listens_beyond_this_machine(up: Up) -> None:
    published = docker(
        "ps", "--filter", "label=com.docker.compose.project=callctl-test", "--format", "{{.Ports}}"
    ).stdout
    assert "0.0.0.0:" not in published
    assert ":::" not in published
    assert "127.0.0.1:" in published


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_killed_comes_back(up: Up, service: str) -> None:
    compose, _ = up
    before, _ = compose.health(service)
    kill(compose.container(service))
    print(f"\n{service} is back after {compose.wait_restarted(service, before, RECOVERY_SECONDS):.1f} s")


def test_after_all_that_calls_are_answered(up: Up) -> None:
    compose, _ = up
    assert len(lines(converse(compose), ["bot  "])) == 5


def test_an_asterisk_of_ours_brings_calls(up: Up) -> None:
    compose, _ = up
    compose("--profile", "pbx", "up", "--detach", "--wait", "asterisk")
    originate = "channel originate Local/100@from-phones application Wait 15"
    compose("--profile", "pbx", "exec", "-T", "asterisk", "asterisk", "-rx", originate)
    metrics = f"http://127.0.0.1:{compose.ports['HTTP_METRICS_PORT']}/metrics"
    deadline = time.monotonic() + 10
    while not lines(httpx.get(metrics).text, ["callctl_calls_active{", "1.0"]):
        assert time.monotonic() < deadline, compose("--profile", "pbx", "logs", "asterisk").stdout
        time.sleep(0.2)


def test_the_engine_drains_when_it_is_stopped(up: Up) -> None:
    compose, _ = up
    began = time.monotonic()
    compose("stop", "call-processor")
    assert time.monotonic() - began < 30, "nobody was on the line"
    state = compose("ps", "--all", "--format", "{{.ExitCode}}", "call-processor").stdout.strip()
    assert state == "0"
