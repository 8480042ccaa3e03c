"""What a call needs of a media connection, whichever trunk it came by.

Before: a wire codec. After: `engine.call.ingress` (events in) and `engine.media.playout` (frames out).

Everything on the 20 ms path is synchronous and never blocks: the transport hands events to a sink the moment they
arrive, and takes one frame a tick from the media clock. Only `close` waits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from engine.wire.events import MediaEvent

type EventSink = Callable[[MediaEvent, float], None]
"""Called on the event loop with an event and the monotonic time (s) at which it was read. Must not block or raise."""


@dataclass(frozen=True, slots=True)
class TransportStatistics:
    """Counts since the connection was accepted."""

    frames_in: int
    frames_out: int
    bytes_in: int
    bytes_out: int
    frames_dropped: int
    """Outbound frames not sent because the peer was not reading."""
    unknown_frames: int
    """Frames of a type this codec does not know, ignored."""


class MediaTransport(Protocol):
    """One call's media connection, already identified (its `Connected` event has been read)."""

    @property
    def call_id(self) -> UUID: ...

    @property
    def peer(self) -> str:
        """`host:port` of the other side."""
        ...

    def start(self, sink: EventSink) -> None:
        """Deliver events to `sink` from now on, earlier ones (read with the first bytes) first. Call once."""
        ...

    def has_unread(self) -> bool:
        """Whether something has arrived that the sink has not been given yet. Ask rarely: it asks the kernel."""
        ...

    def send_frame_nowait(self, pcm: bytes) -> None:
        """Put exactly one 20 ms frame (320 bytes, `engine.audio`) on the wire, or drop and count it when the peer is
        not reading. A no-op after the end."""
        ...

    def flush_nowait(self) -> None:
        """Make the far side forget queued audio. A no-op where nothing is queued there (AudioSocket)."""
        ...

    async def close(self, reason: str) -> None:
        """Announce the end, wait (bounded) for the peer's EOF, release the socket, log the reason. Idempotent."""
        ...

    def statistics(self) -> TransportStatistics: ...
