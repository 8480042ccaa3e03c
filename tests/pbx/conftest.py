"""An Asterisk's manager, and the engine's line to it."""

import pytest
import trio

from engine.pbx.ami import Ami
from tests.pbx.manager import Manager
from tests.pbx.waiting import until


@pytest.fixture
async def manager(nursery: trio.Nursery) -> Manager:
    """Listening."""
    manager = Manager()
    await nursery.start(manager.run)
    return manager


@pytest.fixture
async def ami(manager: Manager, nursery: trio.Nursery) -> Ami:
    """Logged in."""
    ami = Ami(manager.config, fraction=lambda: 1.0)
    nursery.start_soon(ami.run)
    await until(lambda: ami.is_up)
    manager.asked.clear()
    return ami
