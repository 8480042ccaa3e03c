"""A caller is moved to the operators' queue, is gone, or stays with the bot: by what Asterisk answers, and in order."""

from uuid import UUID

import pytest
import trio

from engine.config import AmiConfig
from engine.pbx.ami import Ami
from engine.pbx.ami_wire import Action
from engine.pbx.operators import Handover, Transferred, TransferResult
from engine.pbx.transfer import transfer
from tests.pbx.manager import Manager

CALL = UUID("00112233-4455-6677-8899-aabbccddeeff")
CALLER = "PJSIP/trunk-00000001"
TALKING = "callctl-bot,s,17"
WHY = Handover("customer_request", "Хоче зимові шини 205/55 R16.")


async def move(ami: Ami, channel: str = CALLER) -> TransferResult:
    return await transfer(ami, "callctl-operator", CALL, channel, WHY)


@pytest.fixture
async def manager(manager: Manager) -> Manager:
    """With a caller."""
    manager.channels[CALLER] = TALKING
    return manager


async def test_the_caller_reaches_the_queue_and_the_operator_knows_why(ami: Ami, manager: Manager) -> None:
    assert await move(ami) == TransferResult(Transferred.REACHED_QUEUE)
    assert manager.channels[CALLER] == "callctl-operator,s,1"
    assert manager.variables == {"__CALLCTL_REASON": WHY.reason, "__CALLCTL_SUMMARY": WHY.summary}
    assert manager.names() == ["Getvar", "Status", "ShowDialPlan", "Setvar", "Setvar", "Redirect", "Status"]


async def test_a_caller_who_has_gone_is_not_looked_for(ami: Ami, manager: Manager) -> None:
    manager.channels.clear()
    with trio.move_on_after(0.3) as call:  # until the media connection ends, too
        await move(ami)
    assert call.cancelled_caught
    assert manager.names() == ["Getvar"]


async def test_a_caller_on_another_pbx_is_not_taken_for_gone(ami: Ami, manager: Manager) -> None:
    manager.channels.clear()
    result = await move(ami)
    assert (result.outcome, result.detail) == (
        Transferred.LEFT_TO_DIALPLAN,
        f"Asterisk knows no {CALLER} of this call, but the caller is on the line",
    )
    assert manager.names() == ["Getvar"]


async def test_nobody_else_is_moved_for_having_the_same_channel_name(ami: Ami, manager: Manager) -> None:
    manager.variables["CALL_UUID"] = str(UUID(int=1))
    assert (await move(ami)).outcome is Transferred.LEFT_TO_DIALPLAN
    assert manager.names() == ["Getvar"]
    manager.variables["CALL_UUID"] = str(CALL)
    assert (await move(ami)).outcome is Transferred.REACHED_QUEUE


@pytest.mark.parametrize("action", ["Setvar", "Redirect"])
async def test_a_caller_may_go_at_any_moment(ami: Ami, manager: Manager, action: str) -> None:
    manager.on[action] = lambda _: manager.channels.clear()
    assert (await move(ami)).outcome is Transferred.CALLER_GONE
    assert manager.names()[-1] == action, "nothing is asked of a channel that is gone"


async def test_nobody_is_sent_where_there_is_nothing(ami: Ami, manager: Manager) -> None:
    """Redirected there, Asterisk would hang the caller up."""
    manager.dialplan.remove("callctl-operator")
    result = await move(ami)
    assert (result.outcome, result.detail) == (
        Transferred.FAILED,
        "ShowDialPlan: Did not find context callctl-operator",
    )
    assert manager.sent("Redirect") == []


async def test_asterisk_may_refuse(ami: Ami, manager: Manager) -> None:
    manager.refuses = {"Redirect": "Permission denied"}
    result = await move(ami)
    assert (result.outcome, result.detail) == (Transferred.FAILED, "Redirect: Permission denied")


async def test_without_the_right_to_look_into_the_dialplan_it_goes_on(ami: Ami, manager: Manager) -> None:
    manager.refuses = {"ShowDialPlan": "Permission denied"}
    assert (await move(ami)).outcome is Transferred.REACHED_QUEUE


async def test_what_asterisk_says_is_not_believed_until_it_is_so(ami: Ami, manager: Manager) -> None:
    manager.moves = False
    result = await move(ami)
    assert (result.outcome, result.detail) == (
        Transferred.FAILED,
        f"redirected, but the caller is still at {TALKING}",
    )


@pytest.mark.parametrize("action", ["Getvar", "Status", "Setvar", "Redirect"])
async def test_a_manager_that_falls_silent_leaves_the_caller_to_the_dialplan(
    ami: Ami, manager: Manager, action: str
) -> None:
    manager.deaf_to = {action}
    result = await move(ami)
    assert (result.outcome, result.detail) == (Transferred.LEFT_TO_DIALPLAN, f"no answer to {action} in 0.4 s")


async def test_so_does_one_that_was_never_reached() -> None:
    ami = Ami(AmiConfig(host="127.0.0.1", port=1))
    assert await move(ami) == TransferResult(Transferred.LEFT_TO_DIALPLAN, "not connected yet")


async def test_so_does_a_dialplan_that_names_no_channel(ami: Ami, manager: Manager) -> None:
    assert (await move(ami, "")).outcome is Transferred.LEFT_TO_DIALPLAN
    assert manager.asked == []


async def test_a_channel_that_would_be_a_command_is_refused(ami: Ami, manager: Manager) -> None:
    result = await move(ami, "PJSIP/a\r\nAction: Originate")
    assert result.outcome is Transferred.FAILED
    assert manager.asked == []


async def test_called_off_before_the_redirect_nothing_is_redirected(ami: Ami, manager: Manager) -> None:
    with trio.CancelScope() as call:
        manager.on["Setvar"] = lambda _: call.cancel()
        await move(ami)
    assert call.cancelled_caught
    await ami.ask(Action("Ping"))  # whatever was sent before it has arrived
    assert manager.sent("Redirect") == []
    assert manager.channels[CALLER] == TALKING


async def test_called_off_by_the_redirect_itself_it_tells_the_truth(ami: Ami, manager: Manager) -> None:
    """The media connection ends when Asterisk takes the caller, as it does when the caller hangs up."""
    results = []
    with trio.CancelScope() as call:
        manager.on["Redirect"] = lambda _: call.cancel()
        results.append(await move(ami))
    assert [result.outcome for result in results] == [Transferred.REACHED_QUEUE]

    def hang_up() -> None:
        call.cancel()
        manager.channels.clear()

    manager.channels[CALLER] = TALKING
    with trio.CancelScope() as call:
        manager.on["Redirect"] = lambda _: hang_up()
        results.append(await move(ami))
    assert results[1].outcome is Transferred.CALLER_GONE
