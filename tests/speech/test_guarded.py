"""Vendors behind breakers: what makes one ill, what well, and that an ill one is not asked."""

import pytest
import trio

from engine.breaker import CircuitBreaker
from engine.errors import RecognizerError, SynthesizerError
from engine.speech.guarded import GuardedRecognizer, GuardedSynthesizer
from tests.speech.moody import DeafEars, Ears, Voice

FAILURES = 3


class Lamp:
    def set(self, value: float) -> None:
        pass


def breaker(illness: type[Exception]) -> CircuitBreaker:
    return CircuitBreaker("part", illness=(illness,), gauge=Lamp(), clock=trio.current_time, failures=FAILURES)


async def listen(recognizer: GuardedRecognizer, *, finish: bool = False) -> None:
    async with recognizer.stream() as stream:
        stream.send_nowait(bytes(1600))
        if finish:
            stream.finish_nowait()
        async for _ in stream.events():
            pass


async def say(synthesizer: GuardedSynthesizer) -> None:
    async with synthesizer.synthesize("Так") as chunks:
        async for _ in chunks:
            pass


@pytest.mark.parametrize("ears", [Ears, DeafEars])
async def test_a_recogniser_that_hears_nothing_is_ill_and_asked_no_more(ears: type[Ears]) -> None:
    guard, vendor = breaker(RecognizerError), ears()
    vendor.trouble = "open" if ears is Ears else ""
    recognizer = GuardedRecognizer(vendor, guard)
    for _ in range(FAILURES):
        assert not guard.is_open
        with pytest.raises(RecognizerError):
            await listen(recognizer)
    assert guard.is_open
    with pytest.raises(RecognizerError, match="breaker is open"):
        await listen(recognizer)
    assert vendor.opened == FAILURES


async def test_a_stream_that_breaks_after_its_first_word_was_well() -> None:
    """A limit of time, a network that moved: the next stream helps."""
    guard, vendor = breaker(RecognizerError), Ears()
    for _ in range(2 * FAILURES):
        with pytest.raises(RecognizerError, match="broken"):
            await listen(GuardedRecognizer(vendor, guard))
    assert not guard.is_open


async def test_a_stream_of_silence_that_ends_as_asked_was_well() -> None:
    guard, vendor = breaker(RecognizerError), Ears()
    recognizer = GuardedRecognizer(vendor, guard)
    vendor.trouble = "open"
    for _ in range(FAILURES - 1):
        with pytest.raises(RecognizerError):
            await listen(recognizer)
    vendor.trouble = ""
    await listen(recognizer, finish=True)
    vendor.trouble = "open"
    with pytest.raises(RecognizerError):
        await listen(recognizer)
    assert not guard.is_open, "the count began anew"


@pytest.mark.parametrize(("trouble", "is_ill"), [("open", True), ("first", True), ("second", False), ("", False)])
async def test_a_voice_is_ill_where_no_first_sound_comes(trouble: str, is_ill: bool) -> None:
    guard, vendor = breaker(SynthesizerError), Voice()
    vendor.trouble = trouble
    for _ in range(FAILURES):
        try:
            await say(GuardedSynthesizer(vendor, guard))
        except SynthesizerError:
            assert trouble
    assert guard.is_open is is_ill
    if is_ill:
        with pytest.raises(SynthesizerError, match="breaker is open"):
            await say(GuardedSynthesizer(vendor, guard))
        assert vendor.asked == FAILURES


async def test_who_is_interrupted_says_nothing_of_the_vendor() -> None:
    guard, vendor = breaker(SynthesizerError), Voice()
    vendor.trouble = "open"
    for _ in range(FAILURES - 1):
        with pytest.raises(SynthesizerError):
            await say(GuardedSynthesizer(vendor, guard))
    vendor.trouble = ""
    async with GuardedSynthesizer(vendor, guard).synthesize("Так"):
        pass
    vendor.trouble = "open"
    with pytest.raises(SynthesizerError):
        await say(GuardedSynthesizer(vendor, guard))
    assert guard.is_open
