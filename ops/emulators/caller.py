"""A simulated caller, who speaks AudioSocket exactly as Asterisk's `AudioSocket()` does, and understands the bot.

`async with place_call(host, port) as caller:` connects, says which call this is and from then on sends one 20 ms frame
every 20 ms until the end. The script in the body talks, listens, interrupts, presses keys; leaving it hangs up.
Mouth (what is sent) and ears (what is heard) are apart; this module joins them to the socket and the pacer. All times
are seconds of `trio.current_time()`.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import trio

from engine.audio import RATE
from engine.errors import RemoteProtocolError
from engine.log import get_logger
from engine.wire.audiosocket import AudioSocketCodec, Pause, Role
from engine.wire.events import Audio, Connected, Digit, Terminated, WireEvent
from ops.emulators.caller_ears import BotEvent, Ears
from ops.emulators.caller_mouth import Mouth
from ops.emulators.caller_pacer import Pacer
from ops.emulators.caller_recording import Recording
from ops.emulators.subtitled_voice import speak

log = get_logger("emulators.caller")

_NO_AUDIO_SECONDS: Final = 2.0
"""Asterisk hangs up after this long without activity."""
_READ_BYTES: Final = 65536
_MOST_UNSENT_BYTES: Final = 65536
_FAREWELL_SECONDS: Final = 0.5
"""How long the engine's end of stream is awaited after ours: closing with unread data would send a reset."""


@dataclass(frozen=True, slots=True)
class CallerOptions:
    """What kind of caller. `rate`: of the wire, 8000 or 16000. `decodes`: understands words, not only levels."""

    rate: int = RATE
    noise_rms: float = 0.0
    language: str = "uk"
    decodes: bool = True
    records: bool = False


@dataclass(frozen=True, slots=True)
class BotTurn:
    """The bot's answer. `latency`: from our last voiced frame sent (or the beginning of the call) to its first."""

    text: str
    started_at: float
    stopped_at: float
    latency: float


@dataclass(frozen=True, slots=True)
class Interruption:
    """We spoke over the bot. `stopped_after`: seconds from our first voiced frame to the bot's last, 0 if none came."""

    at: float
    stopped_after: float
    voiced_frames: int


class CallEnded(Exception):
    """The call is over while the script still wanted something of it."""


class SimulatedCaller:
    """One call. Made by `place_call`."""

    def __init__(self, call_id: UUID, connection: socket.socket, options: CallerOptions) -> None:
        self.call_id = call_id
        self.options = options
        codec = AudioSocketCodec(Role.CLIENT)
        self._codec = codec
        self._socket = connection
        self._unsent = codec.send(Connected(call_id))
        self.mouth = Mouth(codec, rate=options.rate, noise_rms=options.noise_rms)
        self.ears = Ears(decodes=options.decodes)
        self.recording = Recording() if options.records else None
        self.frames_sent = 0
        self.started_at = trio.current_time()
        self.end_reason = ""
        """Empty while the call lasts; then `hung_up`, `terminated` (0x00), `eof`, `reset`, `no_audio`,
        `not_read`, `protocol_error`."""
        self._ended = trio.Event()
        self._news = trio.Event()

    async def say(self, text: str) -> float:
        """Say it, after what is being said, and return when its last voiced frame left. Raises `CallEnded`."""
        self.say_nowait(await self.prepare(text))
        await self.wait_silent()
        return self.mouth.last_voiced_at or trio.current_time()

    async def wait_silent(self) -> None:
        """Until all queued speech has left. Raises `CallEnded`."""
        while self.mouth.is_talking:
            await self._wait_for_news()

    def say_nowait(self, pcm: bytes) -> None:
        """Queue speech that was prepared, or read from a file (8 kHz PCM)."""
        self.mouth.queue(pcm)

    async def prepare(self, text: str) -> bytes:
        """Speech for `text`, made off the loop."""
        return await trio.to_thread.run_sync(speak, text, self.options.language)

    def digit(self, digit: str) -> None:
        """Press a key."""
        self._unsent += self._codec.send(Digit(digit))

    def hang_up(self) -> None:
        """End the call as Asterisk does when the caller hangs up: a plain end of stream."""
        self._end("hung_up")

    async def wait_ended(self) -> str:
        """Until the call is over; why it is."""
        await self._ended.wait()
        return self.end_reason

    async def wait_for_audio(self) -> None:
        """Until the bot has sent its first frame, were it silence. Raises `CallEnded`."""
        while not self.ears.has_heard:
            await self._wait_for_news()

    async def wait_for_bot_turn(self, *, quiet_ms: float = 400) -> BotTurn:
        """Until the bot has answered what was last said and has been silent for `quiet_ms`. Raises `CallEnded` if it
        never will."""
        since = self.mouth.last_voiced_at or self.started_at
        while (started := self.ears.first_voiced_after(since)) is None:
            await self._wait_for_news()
        while (left := (self.ears.last_voiced_at or started) + quiet_ms / 1000 - trio.current_time()) > 0:
            with trio.move_on_after(left):
                await self._ended.wait()
                break
        stopped = self.ears.last_voiced_at or started
        return BotTurn(self.ears.words_after(since), started, stopped, started - since)

    async def interrupt_after(self, ms: float, text: str, *, settle_ms: float = 1000) -> Interruption:
        """Let the bot speak for `ms`, talk over it, and see how soon it stops (awaited for `settle_ms` from our first
        word on). Raises `CallEnded`."""
        speech = await self.prepare(text)
        while not self.ears.is_bot_speaking:
            await self._wait_for_news()
        await trio.sleep(ms / 1000)
        before = self.mouth.first_voiced_at
        self.say_nowait(speech)
        while self.mouth.first_voiced_at in (None, before):
            await self._wait_for_news()
        await trio.sleep(settle_ms / 1000)
        at = self.mouth.first_voiced_at or trio.current_time()
        heard = self.ears.voiced_run_after(at)
        return Interruption(at, heard[-1] - at if heard else 0.0, len(heard))

    def tick(self, now: float) -> None:
        """Send this tick's frame. Called by the pacer."""
        talking = self.mouth.is_talking
        frame = self.mouth.next_frame(now)
        self._unsent += frame.wire
        self.frames_sent += 1
        if self.recording:
            self.recording.tick(frame.pcm)
        self._tell(self.ears.tick(now), always=talking)
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._end("reset")
            return
        self._unsent = self._unsent[sent:]
        if len(self._unsent) > _MOST_UNSENT_BYTES:
            self._end("not_read")

    async def listen(self) -> None:
        """Read until the call ends."""
        reader = trio.socket.from_stdlib_socket(self._socket)
        while not self.end_reason:
            data = None
            with trio.move_on_after(_NO_AUDIO_SECONDS):
                try:
                    data = await reader.recv(_READ_BYTES)
                except OSError:
                    self._end("reset")
                    return
            if data is None:
                self._end("no_audio")
                return
            self._receive(data)

    async def farewell(self) -> None:
        """Say that no more will come, and read what still does."""
        with suppress(OSError), trio.move_on_after(_FAREWELL_SECONDS, shield=True):
            self._socket.shutdown(socket.SHUT_WR)
            reader = trio.socket.from_stdlib_socket(self._socket)
            while await reader.recv(_READ_BYTES):
                pass

    def _receive(self, data: bytes) -> None:
        now = trio.current_time()
        self._codec.receive_data(data)
        try:
            while not isinstance(event := self._codec.next_event(), Pause):
                self._take(event, now)
        except RemoteProtocolError as error:
            log.warning("bad_frame", call_id=self.call_id, error=str(error))
            self._end("protocol_error")
            return
        if not data:
            self._end("eof")

    def _take(self, event: WireEvent, now: float) -> None:
        if isinstance(event, Audio):
            if self.recording and event.rate == RATE:
                self.recording.hear(event.pcm)
            first = not self.ears.has_heard
            self._tell(self.ears.hear(event.pcm, event.rate, now), always=first)
        elif isinstance(event, Terminated):
            self._end("terminated")

    def _tell(self, events: list[BotEvent], *, always: bool = False) -> None:
        if events or always:
            self._news.set()
            self._news = trio.Event()

    async def _wait_for_news(self) -> None:
        if self.end_reason:
            raise CallEnded(self.end_reason)
        await self._news.wait()

    def _end(self, reason: str) -> None:
        if not self.end_reason:
            self.end_reason = reason
            log.debug("call_over", call_id=self.call_id, reason=reason)
            self._ended.set()
            self._tell([], always=True)


@asynccontextmanager
async def place_call(
    host: str,
    port: int,
    *,
    call_id: UUID | None = None,
    options: CallerOptions | None = None,
    pacer: Pacer | None = None,
) -> AsyncIterator[SimulatedCaller]:
    """Call the engine; hangs up on leaving. Callers of one process should share a running `pacer`. Raises OSError if
    nobody answers."""
    stream = await trio.open_tcp_stream(host, port)
    connection = socket.socket(fileno=socket.dup(stream.socket.fileno()))
    await stream.aclose()
    connection.setblocking(False)
    with connection:
        caller = SimulatedCaller(call_id or uuid4(), connection, options or CallerOptions())
        async with trio.open_nursery() as nursery:
            if pacer is None:
                pacer = Pacer()
                nursery.start_soon(pacer.run)
            nursery.start_soon(_converse, caller, pacer)
            try:
                yield caller
            finally:
                caller.hang_up()
                nursery.cancel_scope.cancel()


async def _converse(caller: SimulatedCaller, pacer: Pacer) -> None:
    """Send and listen until the call ends, then stop doing either."""
    pacer.add(caller.tick)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller.listen)
            await caller.wait_ended()
            nursery.cancel_scope.cancel()
    finally:
        pacer.remove(caller.tick)
        await caller.farewell()
