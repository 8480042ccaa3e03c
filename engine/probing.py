"""The vendors behind circuit breakers, and the probe that finds out when one is well again.

While a breaker is open admission sends callers to the operators, so nobody would ever try the vendor again: each open
one is asked something small and real every few seconds. A list of models, or a connection, would not do: vendors have
those while they refuse the work itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import trio

from engine import metrics
from engine.audio import FRAME_BYTES
from engine.breaker import CircuitBreaker
from engine.dialogue.guarded_model import GuardedModel
from engine.dialogue.llm import LanguageModel, Message, ModelRequest, Text
from engine.errors import ModelError, RecognizerError, SynthesizerError, VendorError
from engine.log import get_logger
from engine.speech.base import Recognizer, Synthesizer
from engine.speech.guarded import GuardedRecognizer, GuardedSynthesizer
from engine.warmup import Vendors

log = get_logger("probing")

_OPEN_SECONDS: Final = 10.0
"""After which an open breaker lets one request through."""
_LOOK_SECONDS: Final = 1.0
_PROBE_SECONDS: Final = 10.0
_SILENCE: Final = bytes(10 * FRAME_BYTES)
_QUESTION: Final = ModelRequest("Answer with one word.", (Message("user", (Text("Ready?"),)),), max_tokens=1)
_ILLNESS: Final = {"recognizer": RecognizerError, "synthesizer": SynthesizerError, "model": ModelError}


@dataclass(frozen=True, slots=True)
class GuardedVendors:
    """What calls use, and who is ill."""

    vendors: Vendors
    breakers: Mapping[str, CircuitBreaker]

    def ill(self) -> frozenset[str]:
        """Of `recognizer`, `synthesizer` and `model` those whose breaker is open."""
        return frozenset(name for name, breaker in self.breakers.items() if breaker.is_open)

    async def probe_ill(self) -> NoReturn:
        """Until cancelled."""
        parts = self.vendors
        probes: Mapping[str, Callable[[], Awaitable[None]]] = {
            "recognizer": lambda: _hear_silence(parts.recognizer),
            "synthesizer": lambda: _say_a_word(parts.synthesizer),
            "model": lambda: _ask(parts.model),
        }
        while True:
            await trio.sleep(_LOOK_SECONDS)
            async with trio.open_nursery() as nursery:
                for name in self.ill():
                    nursery.start_soon(_probe, name, probes[name], self.breakers[name])


def guarded(vendors: Vendors) -> GuardedVendors:
    """Each behind a breaker of its own, closed to begin with."""
    breakers = {
        name: CircuitBreaker(
            name, illness=(illness,), gauge=metrics.BREAKER_OPEN.labels(name), clock=trio.current_time,
            open_seconds=_OPEN_SECONDS,
        )
        for name, illness in _ILLNESS.items()
    }  # fmt: skip
    return GuardedVendors(
        Vendors(
            GuardedRecognizer(vendors.recognizer, breakers["recognizer"]),
            GuardedSynthesizer(vendors.synthesizer, breakers["synthesizer"]),
            GuardedModel(vendors.model, breakers["model"]),
        ),
        breakers,
    )


async def _probe(name: str, ask: Callable[[], Awaitable[None]], breaker: CircuitBreaker) -> None:
    """Refused at once by a breaker that has not been open for long enough."""
    with trio.move_on_after(_PROBE_SECONDS):
        try:
            await ask()
        except VendorError as error:
            log.debug("vendor_still_ill", part=name, error=str(error))
    if not breaker.is_open:
        log.info("vendor_well_again", part=name)


async def _hear_silence(recognizer: Recognizer) -> None:
    async with recognizer.stream() as stream:
        stream.send_nowait(_SILENCE)
        stream.finish_nowait()
        async for _ in stream.events():
            return


async def _say_a_word(synthesizer: Synthesizer) -> None:
    async with synthesizer.synthesize("Так") as chunks:
        async for _ in chunks:
            return


async def _ask(model: LanguageModel) -> None:
    async with model.stream(_QUESTION) as events:
        async for _ in events:
            pass
