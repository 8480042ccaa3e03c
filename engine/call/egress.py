"""Us to caller: one frame every 20 ms, speech or silence, from the first millisecond to the last.

Before: `call.voice` fills the playout. After: the transport. The media clock calls `tick`; nobody else writes to the
line. The echo reference is taken here, at the wire, not where audio is made: taken earlier it would run ahead.
"""

from collections.abc import Callable

import trio

from engine.audio import SILENCE_FRAME
from engine.media.clock import MediaClock, Seat
from engine.media.echo import EchoReference
from engine.media.playout import Heard, Playout
from engine.transport.base import MediaTransport


class Egress:
    """Owns a call's playout and its seat on the media clock."""

    def __init__(self, transport: MediaTransport, clock: MediaClock, now: Callable[[], float]) -> None:
        self.playout = Playout()
        self.echo = EchoReference()
        self._transport = transport
        self._clock = clock
        self._now = now
        self._seat: Seat | None = None
        self._each_tick: Callable[[float], None] | None = None
        self._on_sound: Callable[[bool, float], None] | None = None
        self._silent = trio.Event()
        self._sounding = False
        self._segments_begun = 0

    def start(self, each_tick: Callable[[float], None], on_sound: Callable[[bool, float], None]) -> None:
        """Take a seat on the clock. `each_tick(now)` is called after each frame; `on_sound(True, now)` when bot audio
        or a new sentence of it begins at the wire, `on_sound(False, now)` when it ends."""
        self._each_tick = each_tick
        self._on_sound = on_sound
        self._seat = self._clock.register(self._tick, self._now())

    def stop(self) -> None:
        """Leave the clock; the transport's close says goodbye on the wire."""
        if self._seat is not None:
            self._clock.unregister(self._seat)
            self._seat = None
        self._each_tick = self._on_sound = None

    @property
    def sounding(self) -> bool:
        """Whether the last frame out was bot audio."""
        return self._sounding

    def ready(self) -> None:
        """Audio has come for a silent line: its first frame leaves now, not at the next tick."""
        if self._seat is not None and not self._sounding and not self.playout.is_held:
            self._clock.nudge(self._seat, self._now())

    def flush(self) -> Heard:
        """Drop what is queued here and beyond; says what was heard."""
        heard = self.playout.flush()
        self._transport.flush_nowait()
        return heard

    async def wait_played(self) -> None:
        """Until the utterance begun last has been played to its end."""
        while not self.playout.finished:
            self._silent = trio.Event()
            await self._silent.wait()

    def _tick(self, now: float) -> None:
        frame = self.playout.next_frame()
        self._transport.send_frame_nowait(SILENCE_FRAME if frame is None else frame)
        self.echo.played(SILENCE_FRAME if frame is None else frame)
        if frame is not None:
            if not self._sounding or self.playout.segments_begun != self._segments_begun:
                self._report(True, now)
        else:
            self._silent.set()
            if self._sounding:
                self._report(False, now)
        if self._each_tick is not None:
            self._each_tick(now)

    def _report(self, sounding: bool, now: float) -> None:
        self._sounding, self._segments_begun = sounding, self.playout.segments_begun
        if self._on_sound is not None:
            self._on_sound(sounding, now)
