"""The replaceable parts of a conversation, and how they are made ready before the first call."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import trio

from engine.dialogue.llm import LanguageModel
from engine.dialogue.tools.toolbox import TOOLS
from engine.errors import EngineError
from engine.log import get_logger
from engine.media.silero import SpeechModel
from engine.speech.base import Recognizer, Synthesizer

log = get_logger("warm_up")

WARM_UP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Vendors:
    """Open and warm."""

    recognizer: Recognizer
    synthesizer: Synthesizer
    model: LanguageModel


async def warm_up(name: str, make_ready: Callable[[], Awaitable[object]]) -> None:
    """Bounded, and no failure is fatal: a part that cannot be reached is logged, and calls will say so."""
    with trio.move_on_after(WARM_UP_SECONDS) as scope:
        try:
            await make_ready()
        except EngineError as error:
            log.warning("not_warmed_up", part=name, error=str(error))
    if scope.cancelled_caught:
        log.warning("not_warmed_up", part=name, error=f"no answer within {WARM_UP_SECONDS:.0f} s")


async def load_once() -> None:
    """What is made on its first use and kept: the detector's graph and the tools' schemas, 30 ms together. A first call
    would hold up every other one with it."""
    await trio.to_thread.run_sync(lambda: (SpeechModel(), [tool.spec for tool in TOOLS.values()]))
