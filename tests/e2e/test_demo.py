"""The demo's conversation, from nothing to a confirmed order: the one test that starts its whole world itself."""

import pytest

from ops.demo.run import DemoWatcher, run_demo

pytestmark = pytest.mark.e2e


async def test_every_step_of_the_demo_truly_happens() -> None:
    result = await run_demo(DemoWatcher(progress=lambda part: None, event=lambda event: None))
    assert [name for name, holds in result.checks.items() if not holds] == []
