"""Which calls are in progress, where engines may have been killed."""

from uuid import uuid4

from pydantic import SecretStr

from engine.cache import Cache
from engine.call.live import LiveCalls
from engine.call.session import SessionStore
from engine.config import RedisConfig
from engine.database import Database
from engine.web.live_calls import LiveDesk
from tests.web.filling import put_call


async def test_a_call_whose_end_is_on_record_is_not_in_progress(database: Database) -> None:
    """A killed engine leaves its sessions; its successor closes the calls."""
    over, goes_on, new = await put_call(database), await put_call(database, ended_at=None), uuid4()
    sessions = SessionStore(Cache(RedisConfig(url=SecretStr(""))), 60)
    for call_id in (over, goes_on, new):
        await sessions.save(call_id, {"state": "listening"})
    desk = LiveDesk(LiveCalls(), sessions, database)
    assert {call["id"] for call in await desk.listed()} == {str(goes_on), str(new)}
    assert [await desk.find(call_id) is not None for call_id in (over, goes_on, new)] == [False, True, True]
    assert [await desk.hang_up(call_id) for call_id in (over, goes_on)] == [False, True]
