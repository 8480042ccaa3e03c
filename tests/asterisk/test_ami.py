"""What `engine.pbx` believes of Asterisk's manager is so: who is in a queue, what a transfer does, how long a line is.

The caller is one end of a local channel that waits in a dialplan of its own: no call is needed for what is asked here.
"""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import trio
from pydantic import SecretStr

from engine.config import AmiConfig, OperatorsConfig
from engine.errors import AmiLoginRefused, AmiNoChannel, AmiRefused
from engine.pbx.ami import Ami
from engine.pbx.ami_connection import AmiConnection, open_ami
from engine.pbx.ami_wire import MAX_LINE_SENT, Action
from engine.pbx.asterisk_operators import AsteriskOperators
from engine.pbx.operators import Handover, Presence, Transferred
from engine.pbx.transfer import transfer
from tests.asterisk.figures import note
from tests.asterisk.pbx import AMI_SECRET, RealAsterisk
from tests.asterisk.running_engine import channels, until

pytestmark = pytest.mark.asterisk

CALL = uuid4()
WHY = Handover("customer_request", "Хоче «зимові» шини 205/55 R16, бюджет 12 000 грн; чекає.")


def settings(asterisk: RealAsterisk, secret: str = AMI_SECRET) -> AmiConfig:
    return AmiConfig(host="127.0.0.1", port=asterisk.ami_port, secret=SecretStr(secret))


@pytest.fixture
async def ami(asterisk: RealAsterisk) -> AsyncIterator[AmiConnection]:
    async with open_ami(settings(asterisk)) as connection:
        yield connection


async def console(asterisk: RealAsterisk, *commands: str) -> None:
    for command in commands:
        await trio.to_thread.run_sync(asterisk.cli, command)


@asynccontextmanager
async def waiting_caller(asterisk: RealAsterisk) -> AsyncIterator[str]:
    """The name of a channel that would wait for a minute in the context `ami-test`."""
    await console(
        asterisk,
        "dialplan add extension hold,1,Answer into ami-test replace",
        "dialplan add extension hold,2,Wait,60 into ami-test replace",
        "channel originate Local/hold@ami-test application Wait 60",
    )
    try:
        (name,) = [channel.name for channel in await channels(asterisk) if channel.name.endswith(";2")]
        yield name
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(asterisk.hang_up_all)


async def variable(ami: AmiConnection, channel: str, name: str) -> str:
    return (await ami.ask(Action("Getvar", (("Channel", channel), ("Variable", name))))).response.get("Value")


async def place(ami: AmiConnection, channel: str) -> str:
    (status, *_) = (await ami.ask(Action("Status", (("Channel", channel),)))).events
    return status.get("Context")


async def test_a_wrong_secret_is_refused(asterisk: RealAsterisk) -> None:
    with pytest.raises(AmiLoginRefused, match="Authentication failed"):
        async with open_ami(settings(asterisk, "wrong")):
            raise AssertionError("logged in")


async def test_the_queue_tells_who_is_there(ami: AmiConnection, asterisk: RealAsterisk) -> None:
    async def presence(queue: str) -> Presence:
        return await AsteriskOperators(ami, OperatorsConfig(queue=queue)).presence()

    assert await presence("operators") is Presence.AVAILABLE
    assert await presence("deserted") is Presence.NOBODY
    assert await presence("no-such-queue") is Presence.AVAILABLE
    await console(asterisk, "queue pause member PJSIP/operator queue operators")
    try:
        assert await presence("operators") is Presence.NOBODY
    finally:
        await console(asterisk, "queue unpause member PJSIP/operator queue operators")
    assert await presence("operators") is Presence.AVAILABLE


async def test_a_caller_is_moved_and_the_variables_go_along(ami: AmiConnection, asterisk: RealAsterisk) -> None:
    async with waiting_caller(asterisk) as caller:
        began_at = trio.current_time()
        result = await transfer(ami, "callctl-operator", CALL, caller, WHY)
        took = trio.current_time() - began_at
        assert result.outcome is Transferred.REACHED_QUEUE, result.detail
        assert await place(ami, caller) == "callctl-operator"
        assert await variable(ami, caller, "CALLCTL_REASON") == WHY.reason
        assert await variable(ami, caller, "CALLCTL_SUMMARY") == WHY.summary
    note("AMI transfer, asked and arrived", f"{took * 1000:.0f} ms")


async def test_a_caller_who_has_gone(ami: AmiConnection, asterisk: RealAsterisk) -> None:
    async with waiting_caller(asterisk) as caller:
        await trio.to_thread.run_sync(asterisk.hang_up_all)
    with trio.move_on_after(0.5) as call:  # as the end of the media connection would
        await transfer(ami, "callctl-operator", CALL, caller, WHY)
    assert call.cancelled_caught
    for action in ("Status", "Setvar", "Redirect"):
        fields = (("Channel", caller), ("Variable", "A"), ("Value", "b"), ("Context", "callctl"), ("Exten", "1"))
        with pytest.raises(AmiNoChannel):
            await ami.ask(Action(action, (*fields, ("Priority", "1"))))


async def test_a_way_that_leads_nowhere_is_not_taken(ami: AmiConnection, asterisk: RealAsterisk) -> None:
    async with waiting_caller(asterisk) as caller:
        result = await transfer(ami, "no-such-context", CALL, caller, WHY)
        assert result.outcome is Transferred.FAILED
        assert "no-such-context" in result.detail
        assert await place(ami, caller) == "ami-test"


async def test_called_off_in_time_the_caller_stays(ami: AmiConnection, asterisk: RealAsterisk) -> None:
    async with waiting_caller(asterisk) as caller:
        with trio.CancelScope() as call:
            call.cancel()
            await transfer(ami, "callctl-operator", CALL, caller, WHY)
        assert call.cancelled_caught
        await trio.sleep(0.2)
        assert await place(ami, caller) == "ami-test"


async def test_a_line_holds_as_much_as_we_think(ami: AmiConnection, asterisk: RealAsterisk) -> None:
    longest = "я" * ((MAX_LINE_SENT - len("Value: ")) // 2)
    async with waiting_caller(asterisk) as caller:
        await ami.ask(Action("Setvar", (("Channel", caller), ("Variable", "LONG"), ("Value", longest))))
        assert await variable(ami, caller, "LONG") == longest


async def test_nothing_but_what_manager_conf_grants(ami: AmiConnection) -> None:
    with pytest.raises(AmiRefused, match="Permission denied"):
        await ami.ask(Action("Command", (("Command", "core show version"),)))


async def test_an_asterisk_that_hangs_holds_nobody_up(asterisk: RealAsterisk, nursery: trio.Nursery) -> None:
    ami = Ami(settings(asterisk).model_copy(update={"timeout": 0.5}))
    nursery.start_soon(ami.run)
    await until(lambda: ami.is_up)
    operators = AsteriskOperators(ami, OperatorsConfig(queue="deserted"))
    os.kill(asterisk.pid, signal.SIGSTOP)
    try:
        began_at = trio.current_time()
        assert await operators.presence() is Presence.AVAILABLE
        presence_took, began_at = trio.current_time() - began_at, trio.current_time()
        left = await operators.transfer(uuid4(), "PJSIP/trunk-00000001", WHY)
        transfer_took = trio.current_time() - began_at
        assert left.outcome is Transferred.LEFT_TO_DIALPLAN
        await until(lambda: not ami.is_up)
    finally:
        os.kill(asterisk.pid, signal.SIGCONT)
    began_at = trio.current_time()
    await until(lambda: ami.is_up, 40)
    note("Asterisk hangs: presence answered", f"{presence_took * 1000:.0f} ms")
    note("  transfer left to the dialplan", f"{transfer_took:.2f} s (AMI_TIMEOUT=0.5)")
    note("  logged in again after it goes on", f"{trio.current_time() - began_at:.1f} s")
    await trio.sleep(2)  # what was heard a moment ago is still believed
    assert await operators.presence() is Presence.NOBODY


async def test_the_line_survives_a_reload_of_the_manager(asterisk: RealAsterisk, nursery: trio.Nursery) -> None:
    ami = Ami(settings(asterisk))
    nursery.start_soon(ami.run)
    await until(lambda: ami.is_up)
    await console(asterisk, "manager reload")
    assert (await ami.ask(Action("Ping"))).response.succeeded
    operators = AsteriskOperators(ami, OperatorsConfig())
    elsewhere = await operators.transfer(uuid4(), "PJSIP/another-pbx-00000001", WHY)
    assert elsewhere.outcome is Transferred.LEFT_TO_DIALPLAN
