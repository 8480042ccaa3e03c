"""What a simulated caller does in a call, as a list of steps: say, interrupt, press keys, play a recording."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ops.emulators.caller import BotTurn, CallEnded, Interruption, SimulatedCaller

QUIET_MS = 900.0
"""The bot has finished when it has been silent this long: longer than a tool and the model's next words take."""


@dataclass(frozen=True, slots=True)
class Say:
    """Say it, once the bot has finished."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Say it over the bot's answer to the step before, `after_ms` into it."""

    text: str
    after_ms: float


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, one after the other."""

    digits: str


@dataclass(frozen=True, slots=True)
class Play:
    """Play recorded speech: 8 kHz PCM."""

    pcm: bytes
    name: str


type Step = Say | Interrupt | Press | Play


@dataclass(frozen=True, slots=True)
class Heard:
    """How the bot answered a step. `answer` is None where the call ended instead, or an interruption followed."""

    step: Step | None
    """None: the greeting."""
    answer: BotTurn | None
    interruption: Interruption | None = None


async def perform(caller: SimulatedCaller, steps: Sequence[Step], tell: Callable[[Heard], None]) -> None:
    """Listen to the greeting, then take the steps in order, waiting for the bot's answer after each. Returns when all
    are done or the call has ended."""
    try:
        tell(Heard(None, await caller.wait_for_bot_turn(quiet_ms=QUIET_MS)))
        for index, step in enumerate(steps):
            following = steps[index + 1] if index + 1 < len(steps) else None
            interruption = await _take(caller, step)
            if isinstance(following, Interrupt):
                tell(Heard(step, None, interruption))
                continue
            tell(Heard(step, await caller.wait_for_bot_turn(quiet_ms=QUIET_MS), interruption))
    except CallEnded:
        return


async def _take(caller: SimulatedCaller, step: Step) -> Interruption | None:
    match step:
        case Say(text):
            await caller.say(text)
        case Interrupt(text, after_ms):
            interruption = await caller.interrupt_after(after_ms, text)
            await caller.wait_silent()
            return interruption
        case Press(digits):
            for digit in digits:
                caller.digit(digit)
        case Play(pcm):
            caller.say_nowait(pcm)
            await caller.wait_silent()
    return None
