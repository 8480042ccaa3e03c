"""One call to any engine: announced as the dialplan would, scripted or typed line by line."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
import trio

from engine.errors import EngineError
from ops.emulators.caller import CallEnded, CallerOptions, SimulatedCaller, place_call
from ops.emulators.caller_dialplan import announce
from ops.emulators.caller_script import QUIET_MS, Heard, Say, Step, perform

_STDIN: Final = 0
_GOODBYE_SECONDS: Final = 1.0
"""How long the caller waits for a bot that is about to hang up."""


class CannotDial(EngineError):
    """There is nobody to call, or they are busy; the message says where."""


@dataclass(frozen=True, slots=True)
class Call:
    host: str
    port: int
    http: str
    caller: str
    steps: tuple[Step, ...]
    record: Path | None
    interactive: bool
    secret: str = ""
    """Of the dialplan."""


async def dial_call(call: Call, tell: Callable[[Heard], None], note: Callable[[str], None]) -> str:
    """Hold the call; how it ended. Raises `CannotDial`."""
    call_id = uuid4()
    await _announce(call, call_id, note)
    options = CallerOptions(records=call.record is not None)
    try:
        async with place_call(call.host, call.port, call_id=call_id, options=options) as caller:
            await (_type if call.interactive else _perform)(caller, call, tell)
            ended = caller.end_reason or "hung_up"
    except OSError as error:
        raise CannotDial(f"nobody answers at {call.host}:{call.port}; is `callctl serve` running?") from error
    if call.record is not None and caller.recording is not None:
        caller.recording.write_wav(call.record)
    return ended


async def _announce(call: Call, call_id: UUID, note: Callable[[str], None]) -> None:
    if not call.http:
        return
    async with httpx.AsyncClient(base_url=call.http, timeout=2) as client:
        try:
            accepted = await announce(client, call_id, caller=call.caller, secret=call.secret)
        except httpx.HTTPError as error:
            note(f"not announced at {call.http} ({type(error).__name__}): the bot will not know your number")
            return
    if not accepted:
        raise CannotDial(f"the engine at {call.http} is busy")


async def _perform(caller: SimulatedCaller, call: Call, tell: Callable[[Heard], None]) -> None:
    await perform(caller, call.steps, tell)


async def _type(caller: SimulatedCaller, call: Call, tell: Callable[[Heard], None]) -> None:
    """Each line typed is spoken. The end of input hangs up, unless the bot, who has said goodbye, does so first; the
    end of the call ends the typing."""
    try:
        tell(Heard(None, await caller.wait_for_bot_turn(quiet_ms=QUIET_MS)))
        while (line := await _typed(caller)) is not None:
            if text := line.strip():
                await caller.say(text)
                tell(Heard(Say(text), await caller.wait_for_bot_turn(quiet_ms=QUIET_MS)))
        with trio.move_on_after(_GOODBYE_SECONDS):
            await caller.wait_ended()
    except CallEnded:
        return


async def _typed(caller: SimulatedCaller) -> str | None:
    """The next line; None at the end of the input or of the call."""
    line: str | None = None
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            nonlocal line
            line = await trio.to_thread.run_sync(_read_line, abandon_on_cancel=True)
            nursery.cancel_scope.cancel()

        nursery.start_soon(read)
        await caller.wait_ended()
        nursery.cancel_scope.cancel()
    return line


def _read_line() -> str | None:
    # os.read, not sys.stdin: a thread left inside a buffered reader's lock aborts the interpreter at its end.
    line = bytearray()
    while (byte := os.read(_STDIN, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode(errors="replace") if line or byte else None
