"""One AudioSocket connection as a `MediaTransport`.

Before: the poller, which says the socket is readable, and `engine.wire.audiosocket`. After: the call's event sink.
The other way: the media clock hands in a frame, which goes to the socket at once.

Reading is paused from the UUID until `start`: what the peer sends meanwhile waits in the kernel, not in a list of ours.
Whatever ends a connection goes through `_end`, once: it frees the descriptor, counts and logs the reason, and tells the
sink.
"""

import socket
from fcntl import ioctl
from termios import FIONREAD
from typing import Final
from uuid import UUID

import trio

from engine.audio import RATE, SILENCE_FRAME
from engine.config import AudioSocketConfig
from engine.errors import RemoteProtocolError, TransportClosed
from engine.log import get_logger
from engine.metrics import CONNECTIONS, FRAMES_DROPPED
from engine.transport.base import EventSink, TransportStatistics
from engine.transport.frame_writer import FrameWriter, Stalled
from engine.transport.poller import Poller
from engine.transport.rates import RateBridge
from engine.wire.audiosocket import END, AudioSocketCodec, Pause
from engine.wire.events import Audio, Closed, Connected, MediaEvent, PeerError, Terminated, WireEvent

_READ_BYTES: Final = 4096
"""A quarter of a second at 8 kHz, and the bound on what one wake-up may cost: 1,365 empty frames."""

log = get_logger("transport.audiosocket")


class AudioSocketTransport:
    """Owns a connected, non-blocking socket. `identify`, then `start`, then frames both ways, then `close`."""

    def __init__(self, sock: socket.socket, peer: str, poller: Poller, config: AudioSocketConfig) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._peer = peer
        self._poller = poller
        self._config = config
        self._codec = AudioSocketCodec()
        self._writer = FrameWriter(sock, config.stall_timeout)
        self._rates = RateBridge()
        self._sink: EventSink | None = None
        self._early: list[tuple[MediaEvent, float]] = []
        self._call_id: UUID | None = None
        self._identified = trio.Event()
        self._gone = trio.Event()
        self._closing: str | None = None
        self._mulaw_logged = False
        self._frames_in = self._frames_out = self._bytes_in = self._bytes_out = self._frames_dropped = 0
        self.is_closed = False
        self.is_clocked = False
        """A media clock has begun to send; nobody else may."""

    @property
    def call_id(self) -> UUID:
        """The peer's UUID. Raises `TransportClosed` before `identify`."""
        if self._call_id is None:
            raise TransportClosed("not identified")
        return self._call_id

    @property
    def peer(self) -> str:
        return self._peer

    async def identify(self) -> bool:
        """Wait for the peer's UUID, `uuid_timeout` at most. False: it has not come, and the connection is over."""
        self._poller.register(self._fd, self._on_readable)
        with trio.move_on_after(self._config.uuid_timeout):
            await self._identified.wait()
        if self._call_id is None:
            self._end("uuid_timeout")
        else:
            self._poller.unregister(self._fd)
        return not self.is_closed

    def start(self, sink: EventSink) -> None:
        self._sink = sink
        early, self._early = self._early, []
        for event, at in early:
            self._deliver(event, at)
        if not self.is_closed:
            self._poller.register(self._fd, self._on_readable)

    def has_unread(self) -> bool:
        if self.is_closed:
            return False
        waiting = bytearray(4)
        ioctl(self._sock, FIONREAD, waiting)
        return any(waiting)

    def send_frame_nowait(self, pcm: bytes) -> None:
        self.is_clocked = True
        self._send_audio(pcm)

    def send_silence_nowait(self) -> None:
        """20 ms of silence from whoever holds the line until the media clock does."""
        self._send_audio(SILENCE_FRAME)

    def flush_nowait(self) -> None:
        """Asterisk queues nothing: what it has got is on its way to the caller."""

    async def close(self, reason: str) -> None:
        # Shielded and bounded: a call that is cancelled still says goodbye, or Asterisk would see a reset.
        with trio.move_on_after(self._config.close_timeout, shield=True):
            if self._closing is None and not self.is_closed:
                self._closing = reason
                self._poller.unregister(self._fd)
                self._poller.register(self._fd, self._on_readable)
                await self._announce_end()
            await self._gone.wait()
        self._end("local", reason)

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(
            frames_in=self._frames_in,
            frames_out=self._frames_out,
            bytes_in=self._bytes_in,
            bytes_out=self._bytes_out,
            frames_dropped=self._frames_dropped,
            unknown_frames=self._codec.unknown_frames,
        )

    def _on_readable(self) -> None:
        now = trio.current_time()
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            self._end("reset")
            return
        except OSError as error:  # unreachable, timed out: gone without a word, as a reset is
            self._end("reset", error.strerror or "")
            return
        self._bytes_in += len(data)
        self._codec.receive_data(data)
        try:
            while not self.is_closed:
                event = self._codec.next_event()
                if isinstance(event, Audio):
                    self._take_audio(event, now)
                elif not isinstance(event, Pause):
                    self._take(event, now)
                elif event is END:
                    self._end("eof")
                else:
                    return
        except RemoteProtocolError as error:
            self._end("protocol_error", str(error))

    def _take_audio(self, event: Audio, now: float) -> None:
        self._frames_in += 1
        if event.rate != RATE or self._rates.wire_rate != RATE:
            event = Audio(self._rates.inward(event.pcm, event.rate), RATE)
        if self._codec.is_mulaw and not self._mulaw_logged:
            self._mulaw_logged = True
            log.warning("mulaw_under_slin_label", peer=self._peer, remedy="dial AudioSocket/.../c(slin)")
        if event.pcm:  # not an empty frame, or one the resampler still holds
            self._deliver(event, now)

    def _take(self, event: WireEvent, now: float) -> None:
        self._deliver(event, now)
        match event:
            case Connected(call_id):
                self._call_id = call_id
                self._identified.set()
            case Terminated():
                self._end("terminated")
            case PeerError(code):
                self._end("error_frame", f"code {code}")

    def _deliver(self, event: MediaEvent, now: float) -> None:
        if self._closing is not None and not isinstance(event, Closed):
            return
        if self._sink is None:
            self._early.append((event, now))
            return
        try:
            self._sink(event, now)
        except Exception:
            log.exception("sink_failed", peer=self._peer, call_id=str(self._call_id))
            self._end("local", "sink failed")

    def _send_audio(self, pcm: bytes) -> None:
        if self.is_closed or self._closing is not None:
            return
        frame = self._codec.send_audio(self._rates.outward(pcm), self._rates.wire_rate)
        try:
            sent = self._writer.write_nowait(frame, trio.current_time)
        except Stalled:
            self._end("stalled")
        except (ConnectionResetError, BrokenPipeError):  # whoever reads or writes first gets to know
            self._end("reset")
        except OSError as error:
            self._end("write_error", error.strerror or "")
        else:
            if sent:
                self._frames_out += 1
                self._bytes_out += len(frame)
            else:
                self._frames_dropped += 1
                FRAMES_DROPPED.inc()

    async def _announce_end(self) -> None:
        goodbye = self._codec.send(Terminated())
        try:
            while not self._writer.write_nowait(goodbye, trio.current_time):
                await trio.lowlevel.wait_writable(self._sock)
        except (Stalled, OSError, trio.ClosedResourceError):
            self._end("local", "peer could not be told")

    def _end(self, reason: str, detail: str = "") -> None:
        if self.is_closed:
            return
        if self._closing is not None:
            reason, detail = "local", self._closing
        self.is_closed = True
        self._gone.set()
        self._identified.set()
        self._poller.unregister(self._fd)
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()
        CONNECTIONS.labels(reason).inc()
        log.info(
            "connection_closed",
            reason=reason,
            detail=detail,
            peer=self._peer,
            call_id=None if self._call_id is None else str(self._call_id),
            frames_in=self._frames_in,
            frames_out=self._frames_out,
            frames_dropped=self._frames_dropped,
            unknown_frames=self._codec.unknown_frames,
        )
        self._deliver(Closed(f"{reason}: {detail}" if detail else reason), trio.current_time())
