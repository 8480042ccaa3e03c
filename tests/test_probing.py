"""Who is ill is found out by those who call, and who is well again by a probe: nobody calls meanwhile."""

import pytest
import trio
from trio.testing import MockClock

from engine.dialogue.llm import ModelRequest
from engine.errors import VendorError
from engine.probing import GuardedVendors, guarded
from engine.warmup import Vendors
from tests.dialogue.moody_model import MoodyModel
from tests.speech.moody import Ears, Voice

MOST_SECONDS = 12.0
"""From recovery to the next caller who is let in."""


class Shop:
    """Three vendors, and whoever uses them."""

    def __init__(self) -> None:
        self.ears, self.voice, self.model = Ears(), Voice(), MoodyModel()
        self.ours: GuardedVendors = guarded(Vendors(self.ears, self.voice, self.model))

    async def use(self, part: str) -> None:
        parts = self.ours.vendors
        if part == "recognizer":
            async with parts.recognizer.stream() as stream:
                await anext(stream.events())
        elif part == "synthesizer":
            async with parts.synthesizer.synthesize("Так") as chunks:
                await anext(chunks)
        else:
            async with parts.model.stream(ModelRequest("", ())) as events:
                async for _ in events:
                    pass

    def trouble(self, part: str, what: str) -> None:
        parts: dict[str, Ears | Voice | MoodyModel] = {
            "recognizer": self.ears, "synthesizer": self.voice, "model": self.model,
        }  # fmt: skip
        parts[part].trouble = what

    async def fall_ill(self, part: str) -> None:
        self.trouble(part, "open")
        for _ in range(5):
            with pytest.raises(VendorError):
                await self.use(part)


@pytest.mark.parametrize("part", ["recognizer", "synthesizer", "model"])
async def test_who_is_ill_is_probed_until_he_is_well(
    part: str, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    shop = Shop()
    nursery.start_soon(shop.ours.probe_ill)
    assert shop.ours.ill() == frozenset()
    await shop.fall_ill(part)
    assert shop.ours.ill() == {part}
    await trio.sleep(60)
    assert shop.ours.ill() == {part}, "still refused, and still probed"
    shop.trouble(part, "")
    await trio.sleep(MOST_SECONDS)
    assert shop.ours.ill() == frozenset()
    nursery.cancel_scope.cancel()


async def test_a_probe_is_a_request_every_ten_seconds_and_none_while_all_are_well(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    shop = Shop()
    nursery.start_soon(shop.ours.probe_ill)
    await trio.sleep(60)
    assert shop.model.asked == 0
    await shop.fall_ill("model")
    await trio.sleep(60)
    assert 5 + 4 <= shop.model.asked <= 5 + 6
    assert (shop.ears.opened, shop.voice.asked) == (0, 0)
    nursery.cancel_scope.cancel()
