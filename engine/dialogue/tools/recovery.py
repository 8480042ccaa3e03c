"""What a crash has left open is asked again, with the same key: the store does it once, and the answer is on record.

So a caller who had said yes has one order, whether the crash came before the request or after it, and learns of it
when he calls again (`tools.past`). What may not be asked again any more is closed with the reason.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import trio

from engine.dialogue.tools.changes import CHANGES
from engine.errors import StoreError, StoreRejected
from engine.log import get_logger
from engine.store.actions import Recorded, reason_of, unknown
from engine.store.client import StoreClient
from engine.store.journal import JournaledActionLog

log = get_logger("dialogue.recovery")

_FIRST_RETRY: Final = 5.0
_LAST_RETRY: Final = 60.0


async def recover_actions(
    left_open: Sequence[Recorded], journal: JournaledActionLog, store: StoreClient, *, retry: float = _FIRST_RETRY
) -> None:
    """Bring each to its end, oldest first; waits as long as the store is ill."""
    for recorded in left_open:
        journal.learn(recorded)
    while left_open:
        left_open = [each for each in left_open if not await _ended(each, journal, store)]
        if left_open:
            await trio.sleep(retry)
            retry = min(2 * retry, _LAST_RETRY)


async def _ended(recorded: Recorded, journal: JournaledActionLog, store: StoreClient) -> bool:
    action = recorded.action
    change = CHANGES.get(action.tool)
    if change is None or not action.request:
        await _close(recorded, unknown("cannot be asked again"), journal)
    elif datetime.now(UTC) - action.at >= change.repeatable:
        await _close(recorded, unknown("too late to ask again"), journal)
    else:
        try:
            answer = await change.perform(store, action.request, recorded.key)
        except StoreRejected as rejection:
            await _close(recorded, reason_of(rejection), journal)
        except StoreError as error:
            log.warning("action_still_open", tool=action.tool, call_id=str(action.call_id), error=str(error))
            return False
        else:
            await journal.complete(recorded.key, answer)
            log.warning("action_recovered", tool=action.tool, call_id=str(action.call_id))
    return True


async def _close(recorded: Recorded, reason: str, journal: JournaledActionLog) -> None:
    await journal.abandon(recorded.key, reason)
    log.warning("action_abandoned", tool=recorded.action.tool, call_id=str(recorded.action.call_id), reason=reason)
