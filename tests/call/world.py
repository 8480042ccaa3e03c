"""A whole call in memory, on virtual time: a caller, a line, the real call layer, vendors that follow a script.

`async with calling() as world:` starts the call; the body is the caller's script. Whatever the body did, every call is
held afterwards to what holds for all: see `World.check_end`.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import httpx
import trio
import trio.testing

from engine.audio import FRAME_SECONDS
from engine.cache import Cache
from engine.call.call import run_call
from engine.call.events import (
    BotSaid,
    CallEnded,
    CallerSaid,
    CallEvent,
    CallStarted,
    StateChanged,
    ToolRan,
)  # fmt: skip
from engine.call.services import Services
from engine.call.session import SessionStore
from engine.call.states import Ending, State
from engine.config import CallConfig, CostConfig, RedisConfig, TurnConfig
from engine.dialogue.prompts import Texts, load
from engine.dialogue.tools.toolbox import Toolbox
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import SharedRegistry
from engine.records.prompt_versions import PromptVersion
from engine.records.rows import Row
from engine.speech.phrases import PhraseCache
from engine.speech.verbalize import verbalize
from engine.store.actions import MemoryActionLog
from engine.store.client import StoreClient
from engine.transport.ticker import open_clock, run_ticker
from engine.wire.events import Closed
from tests.call.line import Heard, Line, Microphone, VoiceByFrame
from tests.call.vendors import Ears, Model, Voice
from tests.dialogue.desk import Desk
from tests.dialogue.tool_shop import CONFIG, KNOWLEDGE, NOW, PHONE, Shop

CALL: Final = UUID(int=0xCA11)
FINAL_AFTER: Final = 0.3
"""The recogniser's final, after the last voiced frame."""
_EPSILON: Final = 1e-6
TEXTS: Final[Texts] = load("uk")
INSTRUCTIONS: Final = PromptVersion("v1", "uk", "texts/uk.toml", TEXTS.model.system)


@dataclass(slots=True)
class World:
    """One call and everything around it."""

    line: Line
    ears: Ears
    voice: Voice
    model: Model
    shop: Shop
    registry: CallRegistry
    sessions: SessionStore
    services: Services
    phone: Microphone
    desk: Desk
    kept: list[Row]
    """Rows put on record by tools."""
    events: list[CallEvent] = field(default_factory=list)
    ending: Ending | None = None
    error: BaseException | None = None
    began_at: float = 0.0
    frames_at_end: int = 0
    last_final_at: float = 0.0

    # The caller.

    async def say(self, text: str, seconds: float = 1.0, *, interim: str | None = "") -> float:
        """Speak for `seconds`; returns at the final, which comes 300 ms after. `interim`: recognised 150 ms after the
        beginning, by default the text itself; None for none."""
        self.phone.is_voiced = True
        await trio.sleep(min(0.15, seconds))
        if interim is not None:
            self.ears.emit(interim or text, is_final=False)
        await trio.sleep(max(0.0, seconds - 0.15))
        self.phone.is_voiced = False
        await trio.sleep(FINAL_AFTER)
        self.ears.emit(text, is_final=True)
        self.last_final_at = trio.current_time()
        return self.last_final_at

    async def noise(self, seconds: float) -> None:
        """Voice in which nobody recognises a word."""
        self.phone.is_voiced = True
        await trio.sleep(seconds)
        self.phone.is_voiced = False

    def hang_up(self, reason: str = "eof") -> None:
        self.line.push(Closed(reason))

    # Waiting; each fails the test instead of waiting for ever.

    async def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        with trio.fail_after(seconds):
            while not condition():  # noqa: ASYNC110 - a test's condition has no event
                await trio.sleep(0.01)

    async def until_state(self, state: State, seconds: float = 60) -> None:
        await self.until(lambda: self.state is state, seconds)

    async def until_heard(self, text: str, frames: int = 1, seconds: float = 60) -> None:
        """Until `frames` of `text` have been heard."""
        await self.until(lambda: any(text in h.text and h.frames >= frames for h in self.line.heard()), seconds)

    async def until_listening(self) -> None:
        """The greeting is over."""
        await self.until_state(State.LISTENING)

    async def until_ended(self, seconds: float = 60) -> Ending:
        with trio.fail_after(seconds):
            await self.line.ended.wait()
        await trio.testing.wait_all_tasks_blocked()
        assert self.ending is not None or self.error is not None
        return self.ending or Ending(self.told(CallEnded)[-1].outcome, self.told(CallEnded)[-1].reason)

    # What came of it.

    @property
    def state(self) -> State:
        return next((e.state for e in reversed(self.events) if isinstance(e, StateChanged)), State.CONNECTED)

    def told[E: CallEvent](self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def heard(self) -> list[str]:
        """Texts heard to their end, in order, and cut ones with an ellipsis."""
        return [h.text if h.complete else f"{h.text[:6]}…" for h in self.line.heard()]

    def heard_of(self, text: str) -> list[Heard]:
        return [heard for heard in self.line.heard() if text in heard.text]

    def story(self) -> list[str]:
        """The transcript, one line each."""
        lines = []
        for event in self.events:
            match event:
                case CallerSaid():
                    lines.append(f"{event.turn} caller{' amended' if event.amended else ''}: {event.text}")
                case BotSaid():
                    lines.append(f"{event.turn} bot{' interrupted' if event.interrupted else ''}: {event.text}")
                case ToolRan():
                    lines.append(f"{event.turn} tool: {event.name}")
                case _:
                    pass
        return lines

    def check_end(self) -> None:
        """What holds for every call, however it went."""
        assert self.line.closed_at is not None
        self.check_frames()
        assert isinstance(self.events[0], CallStarted)
        assert isinstance(self.events[-1], CallEnded)
        assert len(self.told(CallEnded)) == 1
        assert isinstance(self.events[-2], StateChanged)
        assert self.state is State.ENDED
        assert self.registry.next(self.line.call_id).reason != "call_lost", "the registry still has it"
        assert len(self.line.frames) == self.frames_at_end, "nothing is on the line any more"
        assert self.services.clock.statistics().failed == 0
        assert not self.ears.is_open
        assert self.model.open == 0

    def check_frames(self) -> None:
        """A frame every 20 ms, from the first to the last: none late; early only where bot audio begins."""
        line = self.line
        assert line.closed_at is not None
        late = [(index, gap) for index, gap in enumerate(line.gaps()) if gap > FRAME_SECONDS + _EPSILON]
        assert not late
        early = [gap for gap in line.gaps() if gap < FRAME_SECONDS - _EPSILON]
        assert len(early) <= 2 * len(line.heard()) + 2
        began_at, last_at = self.began_at, line.frames[-1][0] if line.frames else self.began_at
        assert line.closed_at - last_at <= FRAME_SECONDS + _EPSILON
        assert len(line.frames) >= round((last_at - began_at) / FRAME_SECONDS)


class MemoryCache(Cache):
    """What Redis would hold, with each document's time to live."""

    def __init__(self) -> None:
        super().__init__(RedisConfig.model_validate({"url": ""}))
        self.kept: dict[str, tuple[Any, int]] = {}
        self.written: list[tuple[str, Any, int]] = []
        self.delay = 0.0

    @property
    def configured(self) -> bool:
        return True

    async def get(self, key: str) -> Any:
        await trio.lowlevel.checkpoint()
        return self.kept.get(key, (None, 0))[0]

    async def set(self, key: str, document: Any, *, ttl: int) -> None:
        # What has been sent to Redis arrives there, whatever becomes of the one who sent it.
        arrived = trio.Event()

        async def arrive() -> None:
            await trio.sleep(self.delay)
            self.kept[key] = (document, ttl)
            self.written.append((key, document, ttl))
            arrived.set()

        trio.lowlevel.spawn_system_task(arrive)
        await arrived.wait()

    async def delete(self, key: str) -> None:
        await trio.lowlevel.checkpoint()
        self.kept.pop(key, None)


@asynccontextmanager
async def shop_floor(
    *,
    call: dict[str, Any] | None = None,
    turn: dict[str, Any] | None = None,
    cache: Cache | None = None,
    warm: bool = True,
    desk: Desk | None = None,
) -> AsyncGenerator[Callable[[UUID], World]]:
    """Everything calls share, with the ticker running; makes worlds that are not yet begun. `warm`: fixed phrases are
    ready."""
    shop, actions, desk, kept = Shop(), MemoryActionLog(), desk or Desk(), list[Row]()
    texts: list[tuple[str, int]] = []
    voice = Voice(texts)
    phrases = PhraseCache(voice)
    voice.delay = 0.0
    await phrases.warm(verbalize(text) for text in TEXTS.fixed_phrases() if warm)
    voice.delay, voice.asked = 0.1, []
    registry = CallRegistry(100, trio.current_time)
    shared = SharedRegistry(registry, Cache(RedisConfig.model_validate({"url": ""})), tuple)
    sessions = SessionStore(cache or MemoryCache(), 1800)
    clock = open_clock()
    async with StoreClient(CONFIG, transport=httpx.MockTransport(shop)) as store, trio.open_nursery() as nursery:
        nursery.start_soon(run_ticker, clock)

        async def save(row: Row) -> None:
            await trio.lowlevel.checkpoint()
            kept.append(row)

        def make_tools(call_id: UUID, caller: str | None) -> Toolbox:
            return Toolbox(call_id=call_id, caller_phone=caller or PHONE, store=store, knowledge=KNOWLEDGE,
                           actions=actions, operators=desk, save=save, now=lambda: NOW)  # fmt: skip

        def make(call_id: UUID) -> World:
            line, ears, model = Line(call_id, texts), Ears(), Model()
            events: list[CallEvent] = []
            services = Services(
                call=CallConfig.model_validate(call or {}), turn=TurnConfig.model_validate(turn or {}),
                max_tokens=400, clock=clock, recognizer=ears, phrases=(), voice=phrases, model=model,
                model_name="claude-haiku-4-5", instructions=lambda _: INSTRUCTIONS, costs=CostConfig(), texts=TEXTS,
                make_tools=make_tools, sessions=sessions, registry=shared, observe=events.append,
                make_vad=VoiceByFrame, operators=desk,
            )  # fmt: skip
            return World(line, ears, voice, model, shop, registry, sessions, services, Microphone(line), desk,
                         kept, events)  # fmt: skip

        yield make
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def call_in(world: World, **changes: Any) -> AsyncGenerator[World]:
    """Hold the call while the body runs; afterwards the caller hangs up, if nobody has."""
    world.services = replace(world.services, **changes)

    async def hold() -> None:
        world.began_at = trio.current_time()
        try:
            world.ending = await run_call(world.line, world.services)
        except* Exception as error:  # noqa: BLE001 - what a bug raises is the test's to look at
            world.error = error
        world.frames_at_end = len(world.line.frames)
        world.line.ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold)
        nursery.start_soon(world.phone.run)
        yield world
        world.hang_up()
        with trio.fail_after(15):
            await world.line.ended.wait()
        await trio.sleep(0.1)  # would show a frame after the end
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def calling(
    *,
    call: dict[str, Any] | None = None,
    turn: dict[str, Any] | None = None,
    cache: Cache | None = None,
    announced: dict[str, Any] | None = None,
    **changes: Any,
) -> AsyncGenerator[World]:
    """One call, from before its first frame to after its last. `announced`: what the dialplan has said of it."""
    async with shop_floor(call=call, turn=turn, cache=cache) as make:
        called = make(CALL)
        if announced is not None:
            assert called.registry.register(CALL, **announced) == "accept"
        async with call_in(called, **changes) as world:
            yield world
    assert world.error is None, world.error
    world.check_end()
