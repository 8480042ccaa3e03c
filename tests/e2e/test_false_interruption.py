"""Noise and «ага» are no interruptions: the bot pauses at most, and its sentence is heard whole."""

from functools import lru_cache

import numpy as np
import pytest
import trio

from engine.audio import FRAME_BYTES
from engine.call.events import BotSaid, CallerSaid, Interrupted
from engine.call.states import State
from ops.emulators.caller import SimulatedCaller
from ops.emulators.subtitled_voice import speak
from tests.e2e.rig import Engine, answer, cut_in, running_engine, unspaced
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

SENTENCE = "Ми працюємо щодня, без перерви на обід, а приїхати можна і без запису, бо майстрів у нас багато."
COUGH_FRAMES = 13


@lru_cache
def cough() -> bytes:
    """260 ms of a voice without its subtitle: voiced to any detector, nothing to a recogniser."""
    voice = np.frombuffer(speak("Ага так"), "<i2").astype(np.float64)
    spectrum = np.fft.rfft(voice)
    spectrum[np.fft.rfftfreq(len(voice), 1 / 8000) > 2400] = 0
    pcm = np.fft.irfft(spectrum, len(voice)).round().astype("<i2").tobytes()
    return pcm[4 * FRAME_BYTES : (4 + COUGH_FRAMES) * FRAME_BYTES]


async def over_the_answer(engine: Engine, caller: SimulatedCaller, world: World, sound: bytes) -> str:
    world.set("anthropic", script=[SENTENCE])
    await cut_in(caller, "До котрої ви працюєте?")
    asked_at = caller.mouth.last_voiced_at
    assert asked_at is not None
    await engine.in_state(caller, State.SPEAKING)
    await trio.sleep(1.0)
    caller.say_nowait(sound)
    await caller.wait_silent()
    await engine.until(lambda: len(engine.of(caller, BotSaid)) == 2)
    await trio.sleep(0.5)
    return caller.ears.words_after(asked_at)


async def test_a_cough_pauses_the_bot_and_the_sentence_goes_on(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        heard = await over_the_answer(engine, caller, world, cough())
        assert unspaced(heard) == unspaced(SENTENCE)
        assert [event.kind for event in engine.of(caller, Interrupted)] == ["barge_in", "false"]
        assert [event.text for event in engine.of(caller, BotSaid)][1:] == [SENTENCE]
        assert caller.ears.statistics().checksum_errors == 0


async def test_a_backchannel_is_no_turn(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        heard = await over_the_answer(engine, caller, world, await caller.prepare("ага"))
        assert unspaced(heard) == unspaced(SENTENCE)
        assert [event.text for event in engine.of(caller, CallerSaid)] == ["До котрої ви працюєте?"]
        said = engine.of(caller, BotSaid)[1:]
        assert [(event.text, event.interrupted) for event in said] == [(SENTENCE, False)]
        assert caller.ears.statistics().checksum_errors == 0


async def test_the_caller_is_understood_after_a_cough(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        await over_the_answer(engine, caller, world, cough())
        world.set("anthropic", script=["Так, є."])
        await caller.say("А парковка у вас є?")
        assert await answer(caller) == "Так, є."
        assert [event.text for event in engine.of(caller, CallerSaid)][1:] == ["А парковка у вас є?"]
