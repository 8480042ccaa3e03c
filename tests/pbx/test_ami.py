"""The line to Asterisk's manager: questions and answers, silence, refusals, and a connection that always comes back."""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import structlog
import trio
from pydantic import SecretStr

from engine.config import AmiConfig
from engine.errors import AmiAway, AmiLoginRefused, AmiNoChannel, AmiRefused, LocalProtocolError
from engine.metrics import REGISTRY
from engine.pbx.ami import Ami, delays
from engine.pbx.ami_connection import open_ami
from engine.pbx.ami_wire import Action
from tests.pbx.manager import Manager, Member
from tests.pbx.waiting import until

PING = Action("Ping")
QUEUE = Action("QueueStatus", (("Queue", "operators"),))


type Lines = Callable[[], list[MutableMapping[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What has been logged of the line."""
    with structlog.testing.capture_logs() as logs:
        yield lambda: [line for line in logs if line["event"].startswith("ami")]


def errors(kind: str) -> float:
    return REGISTRY.get_sample_value("callctl_ami_errors_total", {"kind": kind}) or 0.0


def up(manager: Manager) -> float | None:
    return REGISTRY.get_sample_value("callctl_ami_up", {"address": f"127.0.0.1:{manager.port}"})


async def listening(nursery: trio.Nursery, says: bytes) -> AmiConfig:
    """Where somebody else listens, who only says this."""

    async def answer(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(says)
        await trio.sleep_forever()

    listeners = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
    return AmiConfig(host="127.0.0.1", port=listeners[0].socket.getsockname()[1], timeout=0.4)


async def test_answers_find_who_asked(manager: Manager) -> None:
    manager.members = [Member(), Member(paused=True)]
    answers: dict[str, int] = {}

    async def ask(name: str, action: Action) -> None:
        answers[name] = len((await connection.ask(action)).events)

    async with open_ami(manager.config) as connection, trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(ask, f"ping {number}", PING)
            nursery.start_soon(ask, f"queue {number}", QUEUE)
    assert len(answers) == 40
    assert {count for name, count in answers.items() if name.startswith("ping")} == {0}
    assert {count for name, count in answers.items() if name.startswith("queue")} == {4}
    assert manager.names()[0] == "Login"
    assert manager.names()[-1] == "Logoff"


async def test_a_question_called_off_disturbs_no_other(ami: Ami, manager: Manager) -> None:
    manager.deaf_to = {"QueueStatus"}
    with trio.move_on_after(0.05) as patience:
        await ami.ask(QUEUE)
    assert patience.cancelled_caught
    assert (await ami.ask(PING)).response.succeeded
    assert ami.is_up


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Action("Status", (("Channel", "PJSIP/gone"),)), AmiNoChannel),
        (Action("Redirect", (("Channel", "PJSIP/gone"),)), AmiNoChannel),
        (Action("ShowDialPlan", (("Context", "nowhere"),)), AmiRefused),
    ],
)
async def test_a_no_is_an_answer(ami: Ami, action: Action, kind: type[AmiRefused]) -> None:
    refused = errors("refused")
    with pytest.raises(AmiRefused) as error:
        await ami.ask(action)
    assert type(error.value) is kind
    assert errors("refused") - refused == (kind is AmiRefused), "people hang up: no error"
    assert ami.is_up


async def test_what_cannot_be_sent_is_not_sent(ami: Ami, manager: Manager) -> None:
    with pytest.raises(LocalProtocolError):
        await ami.ask(Action("Status", (("Channel", "PJSIP/a\r\nAction: Originate"),)))
    assert manager.asked == []
    assert (await ami.ask(PING)).response.succeeded


async def test_silence_is_an_end_and_the_line_comes_back(ami: Ami, manager: Manager) -> None:
    manager.silent = True
    before = trio.current_time()
    with pytest.raises(AmiAway, match=r"no answer to Ping in 0\.4 s"):
        await ami.ask(PING)
    assert 0.3 < trio.current_time() - before < 2
    await until(lambda: not ami.is_up)
    assert up(manager) == 0
    before = trio.current_time()
    with pytest.raises(AmiAway):
        await ami.ask(PING)
    assert trio.current_time() - before < 0.1, "nobody waits for what is known to be away"
    manager.silent = False
    await until(lambda: ami.is_up)
    assert (await ami.ask(PING)).response.succeeded


async def test_it_comes_back_when_asterisk_was_killed(nursery: trio.Nursery, lines: Lines) -> None:
    manager = Manager()
    away = errors("away")
    async with trio.open_nursery() as first:
        await first.start(manager.run)
        ami = Ami(manager.config, fraction=lambda: 1.0)
        nursery.start_soon(ami.run)
        await until(lambda: ami.is_up)
        assert up(manager) == 1
        first.cancel_scope.cancel()
    await until(lambda: not ami.is_up)
    assert up(manager) == 0
    await until(lambda: errors("away") >= away + 2)
    await nursery.start(manager.run)
    await until(lambda: ami.is_up)
    assert up(manager) == 1
    assert manager.connections == 2
    told = [line["event"] for line in lines()]
    assert told[0] == "ami_up"
    assert told[-1] == "ami_up"
    assert 1 <= told.count("ami_down") <= 2, "the loss, and that nobody listens any more; each attempt is not told"


async def test_a_wrong_password_is_named_and_never_shown(manager: Manager, nursery: trio.Nursery, lines: Lines) -> None:
    config = manager.config.model_copy(update={"user": "somebody"})
    with pytest.raises(AmiLoginRefused, match="AMI_USER=somebody"):
        async with open_ami(config):
            raise AssertionError("logged in")
    refused = errors("login")
    ami = Ami(config, fraction=lambda: 1.0)
    nursery.start_soon(ami.run)
    await until(lambda: errors("login") >= refused + 2)
    assert not ami.is_up
    [told] = lines()
    assert (told["event"], told["log_level"]) == ("ami_login_refused", "error")
    assert "AMI_SECRET" in told["remedy"]
    assert "hidden-7f3a" not in str(told)


async def test_a_password_that_cannot_be_sent_is_not_shown_either(manager: Manager) -> None:
    """As a file's with the line end still on it."""
    config = manager.config.model_copy(update={"secret": SecretStr("hidden-7f3a\n")})
    with pytest.raises(AmiLoginRefused, match="a line end or NUL in Secret") as refused:
        async with open_ami(config):
            raise AssertionError("logged in")
    assert "hidden-7f3a" not in str(refused.value)


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not an Asterisk manager"),
        (b"Asterisk Call Manager/11.0.0\r\nrubbish\r\n\r\n", "without a key"),
        (b"Asterisk Call Manager/11.0.0\r\n" + b"x" * 100_000, "a line of more than"),
        (b"", r"no greeting in 0\.4 s"),
        (b"Asterisk Call Manager/11.0.0\r\n", r"no answer to Login in 0\.4 s"),
    ],
)
async def test_who_listens_may_be_no_manager(nursery: trio.Nursery, says: bytes, complaint: str) -> None:
    config = await listening(nursery, says)
    with pytest.raises(AmiAway, match=complaint):
        async with open_ami(config):
            raise AssertionError("logged in")


async def test_nobody_listens(manager: Manager) -> None:
    with pytest.raises(AmiAway, match=r"nothing at 127\.0\.0\.1:1: Connection refused"):
        async with open_ami(manager.config.model_copy(update={"port": 1})):
            raise AssertionError("logged in")
    for name in ("nowhere.invalid", "no..name"):
        with pytest.raises(AmiAway, match=f"nothing at {name}"):
            async with open_ami(manager.config.model_copy(update={"host": name, "timeout": 5.0})):
                raise AssertionError("logged in")


def test_attempts_get_rarer_and_never_cease() -> None:
    early, late = delays(lambda: 1.0), delays(lambda: 0.0)
    assert [next(early) for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    assert [next(late) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    any_fraction = delays()
    assert all(0.5 <= next(any_fraction) <= 30 for _ in range(50))


async def test_pings_find_out_a_line_that_was_cut(manager: Manager, nursery: trio.Nursery) -> None:
    ami = Ami(manager.config, fraction=lambda: 1.0, ping_seconds=0.1)
    nursery.start_soon(ami.run)
    await until(lambda: manager.names().count("Ping") >= 2)
    manager.deaf_to = {"Ping"}
    await until(lambda: not ami.is_up)
    manager.deaf_to = set()
    await until(lambda: ami.is_up)


async def test_loss_wakes_whoever_waits(manager: Manager, nursery: trio.Nursery) -> None:
    manager.deaf_to = {"QueueStatus"}
    lost_at: list[float] = []

    async def lose() -> None:
        await until(lambda: "QueueStatus" in manager.names())
        lost_at.append(trio.current_time())
        await manager.hang_up()

    async def wait_for_ever() -> None:
        async with open_ami(manager.config.model_copy(update={"timeout": 30.0})) as connection:
            await connection.ask(QUEUE)

    nursery.start_soon(lose)
    with pytest.raises(AmiAway, match=r"closed the connection|lost"):
        await wait_for_ever()
    assert trio.current_time() - lost_at[0] < 5
