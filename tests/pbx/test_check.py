"""`callctl asterisk check`: what is missing is named with what to do; what cannot be told is not called missing."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr
from typer.testing import CliRunner

from cli.main import app
from engine.cache import Cache
from engine.config import Config, HttpConfig, RedisConfig
from engine.errors import ConfigError
from engine.pbx.check import Finding, Mark, all_well, check
from engine.pbx.check.needs import MODULES
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import SharedRegistry
from engine.web.app import create_app, create_metrics_app
from engine.web.health import Readiness
from engine.web.serve import serve_web
from tests.pbx.manager import SECRET, USER, Manager, Member

BETWEEN_US = "dialplan-and-engine-only"


@dataclass
class Shop:
    """An Asterisk that has everything, an engine beside it, and settings that fit."""

    manager: Manager
    http_port: int
    audiosocket_port: int

    @property
    def sections(self) -> dict[str, dict[str, object]]:
        ami = {"host": "127.0.0.1", "port": self.manager.port, "user": USER, "secret": SECRET, "timeout": 5.0}
        http = {"port": self.http_port, "internal_secret": BETWEEN_US}
        return {"ami": ami, "http": http, "audiosocket": {"port": self.audiosocket_port}}

    async def findings(self, **changes: dict[str, object]) -> list[Finding]:
        sections = self.sections
        for section, values in changes.items():
            sections[section] = sections.get(section, {}) | values
        return await check(Config.from_env(sections))

    async def troubles(self, **changes: dict[str, object]) -> list[Finding]:
        return [finding for finding in await self.findings(**changes) if finding.mark is not Mark.FINE]


@pytest.fixture
async def shop(manager: Manager, nursery: trio.Nursery) -> AsyncIterator[Shop]:
    registry = CallRegistry(10, trio.current_time)
    readiness = Readiness(registry, warmed_up=True)
    http = HttpConfig(port=0, metrics_port=0, internal_secret=SecretStr(BETWEEN_US))
    shared = SharedRegistry(registry, Cache(RedisConfig(url=SecretStr(""))), readiness.reasons)
    stop = trio.Event()
    ports = await nursery.start(_serve, http, create_app(http, shared, readiness), stop)
    listeners = await nursery.start(trio.serve_tcp, _take, 0)
    audiosocket = listeners[0].socket.getsockname()[1]
    manager.variables = {
        **{f"IFMODULE({module.name}.so)": "1" for module in MODULES},
        "CALLCTL_QUEUE": "operators",
        "CALLCTL_SECRET": BETWEEN_US,
        "CALLCTL_ENGINE_1": f"127.0.0.1:{audiosocket},http://127.0.0.1:{ports.http}",
        f"CURL(http://127.0.0.1:{ports.http}/healthz)": '{"status":"alive"}',
    }
    yield Shop(manager, ports.http, audiosocket)
    stop.set()


async def _serve(http: HttpConfig, app: object, stop: trio.Event, task_status: trio.TaskStatus[object]) -> None:
    await serve_web(http, app, create_metrics_app(), stop=stop, task_status=task_status)


async def _take(stream: trio.SocketStream) -> None:
    await stream.receive_some()


async def test_where_nothing_is_missing(shop: Shop) -> None:
    found = await shop.findings()
    assert [finding for finding in found if finding.mark is not Mark.FINE] == []
    assert all_well(found)
    assert [finding.what for finding in found][:2] == ["Asterisk's manager", "Asterisk's version"]


type Breaking = Callable[[Shop], object]


def without_module(shop: Shop) -> None:
    shop.manager.variables["IFMODULE(app_exec.so)"] = "0"


def without_context(shop: Shop) -> None:
    shop.manager.dialplan.remove("callctl-operator")


def without_queue(shop: Shop) -> None:
    shop.manager.members = None


def without_members(shop: Shop) -> None:
    shop.manager.members = []


def without_privilege(shop: Shop) -> None:
    shop.manager.commands -= {"Redirect", "Setvar"}


def of_old(shop: Shop) -> None:
    shop.manager.version = "16.30.1"


def with_another_secret(shop: Shop) -> None:
    shop.manager.variables["CALLCTL_SECRET"] = "another"


def with_another_queue(shop: Shop) -> None:
    shop.manager.variables["CALLCTL_QUEUE"] = "sales"


def out_of_reach(shop: Shop) -> None:
    del shop.manager.variables[f"CURL(http://127.0.0.1:{shop.http_port}/healthz)"]


def without_engines(shop: Shop) -> None:
    del shop.manager.variables["CALLCTL_ENGINE_1"]


@pytest.mark.parametrize(
    ("spoil", "what", "found", "remedy"),
    [
        (without_module, "module app_exec", "not loaded", "asterisk -rx 'module load app_exec'"),
        (without_context, "dialplan [callctl-operator], extension s", "not there", "#include callctl.conf"),
        (without_queue, "queue operators", "no such queue", "queues.conf"),
        (without_members, "queue operators", "nobody is a member", "member =>"),
        (without_privilege, "manager privilege call", "may not Redirect, Setvar", "`write`"),
        (of_old, "Asterisk's version", "16.30.1", "18"),
        (with_another_secret, "the dialplan's secret", "is not", "same value"),
        (with_another_queue, "the dialplan's queue", "'sales'", "same value"),
        (out_of_reach, "from Asterisk to http://127.0.0.1:", "no answer", "HTTP_HOST"),
        (without_engines, "the dialplan's engines", "CALLCTL_ENGINE_1 is empty", "callctl-globals.conf"),
    ],
)
async def test_what_is_missing_is_named_with_its_remedy(
    shop: Shop, spoil: Breaking, what: str, found: str, remedy: str
) -> None:
    spoil(shop)
    [trouble] = await shop.troubles()
    assert trouble.mark is Mark.MISSING
    assert trouble.what.startswith(what)
    assert found in trouble.found
    assert remedy in trouble.remedy
    assert BETWEEN_US not in str(trouble)


@pytest.mark.parametrize(
    ("changes", "what", "found", "remedy"),
    [
        ({"ami": {"port": 1}}, "Asterisk's manager", "Connection refused", "manager.conf"),
        ({"ami": {"secret": "wrong"}}, "Asterisk's manager", "Authentication failed", "AMI_SECRET"),
        ({"audiosocket": {"port": 1}}, "AudioSocket at 127.0.0.1:1", "nobody listens", "AUDIOSOCKET_PORT"),
        ({"http": {"port": 1}}, "the engine's HTTP", "nobody answers at", "HTTP_PORT"),
        ({"audiosocket": {"allow": ["10.0.0.0/8"]}}, "AudioSocket's networks", "no audio", "127.0.0.1/32"),
    ],
)
async def test_settings_that_do_not_fit(
    shop: Shop, changes: dict[str, dict[str, object]], what: str, found: str, remedy: str
) -> None:
    troubles = [trouble for trouble in await shop.troubles(**changes) if trouble.mark is Mark.MISSING]
    [trouble] = troubles
    assert trouble.what == what
    assert found in trouble.found
    assert remedy in trouble.remedy


async def test_an_engine_with_another_secret(shop: Shop) -> None:
    troubles = await shop.troubles(http={"internal_secret": "new"})
    assert [trouble.what for trouble in troubles] == ["the dialplan's secret", "the engine's secret"]
    assert "401" in troubles[1].found


async def test_an_engine_behind_a_proxy_without_a_secret(shop: Shop) -> None:
    shop.manager.variables["CALLCTL_SECRET"] = ""
    [trouble] = await shop.troubles(http={"internal_secret": "", "public_url": "https://bot.example.ua"})
    assert (trouble.what, "behind a proxy" in trouble.found) == ("the engine's secret", True)


async def test_engines_behind_a_balancer_are_not_called_missing(shop: Shop) -> None:
    shop.manager.variables["CALLCTL_ENGINE_1"] = "balancer:9092,http://balancer:8080"
    shop.manager.variables["CURL(http://balancer:8080/healthz)"] = '{"status":"alive"}'
    [trouble] = await shop.troubles()
    assert (trouble.mark, trouble.what) == (Mark.UNKNOWN, "the dialplan's engines")
    assert all_well([trouble])


@pytest.mark.parametrize("engine", ["192.0.2.11:9092", "[2001:db8::11]:9092", "engine-a:9092"])
async def test_16_khz_over_a_network_that_nobody_watches(shop: Shop, engine: str) -> None:
    near = shop.manager.variables["CALLCTL_ENGINE_1"]
    shop.manager.variables["CALLCTL_RATE"] = "16000"
    assert "audio at 16 kHz" in [finding.what for finding in await shop.findings()]
    assert await shop.troubles() == []
    shop.manager.variables["CALLCTL_ENGINE_2"] = f"{engine},{near.partition(',')[2]}"
    [trouble] = await shop.troubles()
    assert (trouble.mark, trouble.what) == (Mark.MISSING, "audio at 16 kHz")
    assert engine.removesuffix(":9092") in trouble.found
    assert "HAProxy" in trouble.remedy
    shop.manager.variables["CALLCTL_RATE"] = "8000"
    assert await shop.troubles() == []


async def test_without_func_module_nobody_tells_which_modules_there_are(shop: Shop) -> None:
    for module in MODULES:
        del shop.manager.variables[f"IFMODULE({module.name}.so)"]
    [trouble] = await shop.troubles()
    assert (trouble.mark, trouble.what) == (Mark.UNKNOWN, "modules")
    assert "func_module" in trouble.remedy


async def test_without_any_right_to_look_nothing_is_made_up(shop: Shop) -> None:
    shop.manager.commands = {"Redirect", "Setvar", "QueueStatus", "Ping"}
    shop.manager.refuses = {"Getvar": "Permission denied"}
    troubles = await shop.troubles()
    assert [trouble.what for trouble in troubles if trouble.mark is Mark.MISSING] == ["manager privilege reporting"]
    assert {trouble.what for trouble in troubles if trouble.mark is Mark.UNKNOWN} == {
        "Asterisk's version", "modules", "dialplan", "the dialplan's queue", "the dialplan's variables",
    }  # fmt: skip


async def test_asterisk_may_fall_silent_in_the_middle(shop: Shop) -> None:
    shop.manager.deaf_to = {"QueueStatus"}
    troubles = await shop.troubles(ami={"timeout": 0.3})
    assert [trouble.found for trouble in troubles] == ["no answer to QueueStatus in 0.3 s"]


async def test_without_ami_there_is_nobody_to_ask() -> None:
    with pytest.raises(ConfigError, match="AMI_HOST is not set"):
        await check(Config.from_env({"ami": {"host": ""}}))


async def test_members_who_are_away_are_not_missing(shop: Shop) -> None:
    shop.manager.members = [Member(status=5), Member(paused=True)]
    found = {finding.what: finding for finding in await shop.findings()}
    assert found["queue operators"].mark is Mark.FINE
    assert found["queue operators"].found == "members: 2, there now: 0"


async def test_the_command_prints_a_table_or_json_and_says_by_its_code(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for section, values in shop.sections.items():
        for field, value in values.items():
            monkeypatch.setenv(f"{section}_{field}".upper(), str(value))

    async def run(*options: str) -> tuple[int, str]:
        def invoke() -> tuple[int, str]:
            result = CliRunner().invoke(app, ["asterisk", "check", *options])
            return result.exit_code, result.stdout

        return await trio.to_thread.run_sync(invoke)

    code, text = await run()
    assert code == 0
    assert "✓" in text
    assert "✗" not in text
    assert "dialplan [callctl-operator], extension s" in text
    without_queue(shop)
    code, text = await run()
    assert code == 1
    assert [line for line in text.splitlines() if "✗" in line and "queue operators" in line]
    code, text = await run("--json")
    assert code == 1
    [trouble] = [each for each in json.loads(text) if each["mark"] != "fine"]
    assert (trouble["mark"], trouble["what"]) == ("missing", "queue operators")


def test_a_mistake_in_the_settings_is_exit_code_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AMI_HOST", raising=False)
    result = CliRunner().invoke(app, ["asterisk", "check"])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: AMI_HOST is not set")
