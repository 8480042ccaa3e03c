"""A caller goes from the bot to the operators' queue, by AMI.

In this order: is the caller still there, does the way lead anywhere, tell the operator what it is about, redirect, and
see the caller arrive. Nothing is asked of the caller's channel after it is gone, and no other channel is ever made: a
caller who hangs up leaves nothing that rings.
"""

from typing import Final
from uuid import UUID

import trio

from engine.errors import AmiAway, AmiError, AmiNoChannel, AmiRefused, LocalProtocolError
from engine.pbx.ami_connection import Asker
from engine.pbx.ami_wire import Action
from engine.pbx.handover_text import channel_variables
from engine.pbx.operators import Handover, Transferred, TransferResult

EXTENSION: Final = "s"
PRIORITY: Final = "1"
_CALL_ID: Final = "CALL_UUID"
_NOT_FOUND: Final = "did not find"
"""How ShowDialPlan says that there is no such context or extension."""
_ARRIVAL_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_HANG_UP_SECONDS: Final = 1.0
"""A hang-up known to Asterisk is known to us well within this."""

type _Place = tuple[str, str, str]


async def transfer(ami: Asker, context: str, call_id: UUID, channel: str, handover: Handover) -> TransferResult:
    """Send `channel` to `context`. Raises nothing; cancellable until the redirect is sent, then it takes its answer's
    time. Where Asterisk's manager is of no help the dialplan is: `LEFT_TO_DIALPLAN`."""
    if not channel:
        return TransferResult(Transferred.LEFT_TO_DIALPLAN, "the dialplan did not say which channel is the caller's")
    try:
        if not await _is_of_call(ami, channel, call_id):
            return await _unheard_of(channel)
        before = await _place(ami, channel)
        await _require_way(ami, context)
        for name, value in channel_variables(handover):
            await ami.ask(Action("Setvar", (("Channel", channel), ("Variable", name), ("Value", value))))
        await trio.lowlevel.checkpoint_if_cancelled()
        with trio.CancelScope(shield=True):
            result = await _redirect(ami, context, channel, before)
    except AmiNoChannel as error:
        return TransferResult(Transferred.CALLER_GONE, str(error))
    except AmiAway as error:
        return TransferResult(Transferred.LEFT_TO_DIALPLAN, str(error))
    except (AmiError, LocalProtocolError) as error:
        return TransferResult(Transferred.FAILED, str(error))
    return result


async def _redirect(ami: Asker, context: str, channel: str, before: _Place) -> TransferResult:
    await ami.ask(Action("Redirect", (
        ("Channel", channel), ("Context", context), ("Exten", EXTENSION), ("Priority", PRIORITY),
    )))  # fmt: skip
    with trio.move_on_after(_ARRIVAL_SECONDS):
        while await _place(ami, channel) == before:  # noqa: ASYNC110 - what is waited for lies in Asterisk
            await trio.sleep(_LOOK_SECONDS)
        return TransferResult(Transferred.REACHED_QUEUE)
    return TransferResult(Transferred.FAILED, f"redirected, but the caller is still at {','.join(before)}")


async def _is_of_call(ami: Asker, channel: str, call_id: UUID) -> bool:
    """A PBX may know another caller by the same name: after a restart, or beside another PBX. The dialplan notes the
    call's UUID; one that does not is believed."""
    try:
        answer = await ami.ask(Action("Getvar", (("Channel", channel), ("Variable", _CALL_ID))))
    except AmiNoChannel:
        return False
    return answer.response.get("Value") in ("", str(call_id))


async def _unheard_of(channel: str) -> TransferResult:
    """The caller has hung up, and the end of the media connection cancels this; or is on another PBX than ours, or on
    a channel renamed meanwhile, and would be hung up on by whoever takes them for gone."""
    await trio.sleep(_HANG_UP_SECONDS)
    return TransferResult(
        Transferred.LEFT_TO_DIALPLAN, f"Asterisk knows no {channel} of this call, but the caller is on the line"
    )


async def _place(ami: Asker, channel: str) -> _Place:
    """Where in the dialplan the channel is."""
    answer = await ami.ask(Action("Status", (("Channel", channel),)))
    status = next((event for event in answer.events if event.name == "Status"), None)
    if status is None:
        raise AmiNoChannel(f"Status: nothing is known of {channel}")
    return status.get("Context"), status.get("Exten"), status.get("Priority")


async def _require_way(ami: Asker, context: str) -> None:
    """Redirected to a place that is not there, a caller would be hung up on. Raises `AmiRefused`."""
    try:
        await ami.ask(show_dialplan(context, EXTENSION))
    except AmiNoChannel:
        raise
    except AmiRefused as error:
        if _NOT_FOUND in str(error).casefold():
            raise
        # else we may not look into the dialplan; `callctl asterisk check` says so


def show_dialplan(context: str, extension: str) -> Action:
    """Asks for an extension; refused if it is not there."""
    return Action("ShowDialPlan", (("Context", context), ("Extension", extension)))
