"""Reads subtitles from a stream of audio: words as they come, whether they are intact, and where they were cut off.

Before: any 8 kHz audio of the emulated world (the engine's ingress at the recogniser, its egress at the caller), in
chunks of any size, at any phase, through mu-law. After: the recogniser's interims, the caller's ears.

Two stages. `SilenceSkipper` takes silence out, so that an utterance held in the middle of a packet and resumed reads
as if nothing had happened. Then a packet is found by its preamble, at whatever phase it lies, and read when all of it
is there; a packet that does not check is dropped and the search goes on inside it. Whether it was damaged or merely
cut off is told by what follows: a new utterance or 200 ms of silence mean cut off.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, samples_of
from ops.emulators.silence_skipper import SilenceSkipper
from ops.emulators.subtitle_events import Corrupted, PacketCut, PacketHeard, SubtitleEvent, UtteranceHeard
from ops.emulators.subtitles import (
    CHECKSUM_BYTES,
    HEADER_BYTES,
    SEQUENCES,
    TRAILER,
    Packet,
    bytes_to_text,
    is_intact,
    unpack_header,
)
from ops.emulators.tone_reading import PREAMBLE_SAMPLES, find_preamble, read_symbols

_CUT_AFTER_FRAMES: Final = 200 // FRAME_MS
_FORGET_AFTER_FRAMES: Final = 2000 // FRAME_MS
_SEARCH_SAMPLES: Final = 10 * FRAME_SAMPLES
"""Searching ten frames at once is cheaper than each frame with its neighbours."""
_UNREAD_FRAMES: Final = 6
"""This many frames of tones outside any packet are a packet whose preamble was damaged (a trailer has three)."""


@dataclass(slots=True)
class _Utterance:
    text: str = ""
    next_sequence: int | None = None
    whole: bool = True


@dataclass(slots=True)
class _OpenPacket:
    """A packet whose preamble lies at `at` (samples into the sounding audio)."""

    at: int
    header: Packet | None = None
    body_bytes: int = HEADER_BYTES
    """How much of it is to be waited for: its header, then all of it."""
    awaits_trailer: bool = False
    reported_cut: bool = False
    resumed_at: int | None = None
    """Where sound came back after a silence long enough to be an end."""

    @property
    def body_at(self) -> int:
        return self.at + PREAMBLE_SAMPLES

    @property
    def body_end(self) -> int:
        return self.body_at + 2 * self.body_bytes * FRAME_SAMPLES

    @property
    def needed(self) -> int:
        """How much audio must be there before it can be judged."""
        return self.body_end + (len(TRAILER) * FRAME_SAMPLES if self.awaits_trailer else 0)


@dataclass(frozen=True, slots=True)
class _Failed:
    """A packet that did not check. `ended`: tones went on to a trailer, so nobody cut it off; so they did if more
    than `frames` of them follow before the next packet."""

    text: str
    ended: bool
    frames: int
    reported_cut: bool


class SubtitleDecoder:
    """`push` audio, get events. Times are milliseconds of audio pushed."""

    def __init__(self) -> None:
        self.checksum_errors = 0
        self._skipper = SilenceSkipper()
        self._sounding = bytearray()
        self._packet: _OpenPacket | None = None
        self._failed: _Failed | None = None
        self._utterance: _Utterance | None = None
        self._unread = 0
        self._joined_late = True  # tones before the first silence are nobody's fault: we came in the middle
        self._frames = 0
        self._events: list[SubtitleEvent] = []

    def push(self, pcm: bytes) -> list[SubtitleEvent]:
        """Take some audio (8 kHz PCM, any even length); the events it completes."""
        for window in self._skipper.push(pcm):
            self._frames += 1
            if window:
                if self._packet and self._skipper.pause >= _CUT_AFTER_FRAMES:
                    self._packet.resumed_at = len(self._sounding) // 2
                self._sounding += window
                self._read()
            elif self._skipper.silent == _CUT_AFTER_FRAMES:
                self._settle()
            elif self._skipper.silent == _FORGET_AFTER_FRAMES:
                self._forget()
        events, self._events = self._events, []
        return events

    @property
    def partial(self) -> str:
        """What has been heard of the packet under way, unverified."""
        return self._unverified(self._packet)[0] if self._packet else ""

    @property
    def heard(self) -> str:
        """What has been heard of the utterance under way, its last words unverified."""
        return (self._utterance.text if self._utterance else "") + self.partial

    @property
    def _now_ms(self) -> float:
        return float(self._frames * FRAME_MS)

    def _read(self, *, least: int = _SEARCH_SAMPLES) -> None:
        while True:
            if self._packet is None:
                if not self._search(least):
                    return
            elif len(self._sounding) // 2 >= self._packet.needed:
                self._take(self._packet)
            elif not self._resumed_as_new(self._packet):
                return

    def _search(self, least: int) -> bool:
        if len(self._sounding) < 2 * least:
            return False
        found = find_preamble(samples_of(bytes(self._sounding)))
        del self._sounding[: 2 * found.searched]
        self._unread += found.toned
        if found.preamble_at is None:
            return False
        self._blame_unread()
        self._packet = _OpenPacket(0)
        return True

    def _take(self, packet: _OpenPacket) -> None:
        """All that was waited for of a packet is there: its header, or the whole of it."""
        body = self._body(packet)
        if packet.header is None:
            try:
                length, packet.header = unpack_header(body)
            except ValueError:
                self._drop(packet, packet.at + FRAME_SAMPLES)
                return
            packet.body_bytes = HEADER_BYTES + length + CHECKSUM_BYTES
            self._judge_failed(packet.header)
        elif is_intact(body):
            self._accept(packet.header, bytes_to_text(body[HEADER_BYTES:-CHECKSUM_BYTES]))
            del self._sounding[: 2 * packet.body_end]
            self._packet = None
        elif packet.header.last and not packet.awaits_trailer:
            packet.awaits_trailer = True
        else:
            self._drop(packet, packet.at + FRAME_SAMPLES)

    def _resumed_as_new(self, packet: _OpenPacket) -> bool:
        """Whether what came after a silence is a new utterance rather than the rest of this packet."""
        if packet.resumed_at is None or len(self._sounding) // 2 < packet.resumed_at + _SEARCH_SAMPLES:
            return False
        resumed_at, packet.resumed_at = packet.resumed_at, None
        return self._superseded(packet, resumed_at)

    def _superseded(self, packet: _OpenPacket, start: int) -> bool:
        """Whether another packet begins after `start`: then this one will not go on."""
        if find_preamble(samples_of(bytes(self._sounding[2 * start :]))).preamble_at is None:
            return False
        self._drop(packet, start)
        return True

    def _drop(self, packet: _OpenPacket, resume_at: int) -> None:
        """The packet is not intact: look for the next one from `resume_at` on, and judge this one by that."""
        if self._failed is None:
            successor_at = find_preamble(samples_of(bytes(self._sounding[2 * resume_at :]))).preamble_at
            text, ended = self._unverified(packet, None if successor_at is None else resume_at + successor_at)
            self._failed = _Failed(text, ended, (packet.body_end - packet.at) // FRAME_SAMPLES, packet.reported_cut)
            self._unread = 0
        self._packet = None
        del self._sounding[: 2 * resume_at]

    def _judge_failed(self, successor: Packet | None) -> None:
        failed, self._failed = self._failed, None
        if failed is None:
            return
        unread, self._unread = self._unread, 0
        if failed.ended or unread > failed.frames or successor is None or not successor.first:
            self._blame("checksum")
        elif not failed.reported_cut:
            self._events.append(PacketCut(failed.text, self._now_ms))

    def _accept(self, packet: Packet, text: str) -> None:
        if packet.first or self._utterance is None:
            self._close_utterance(complete=False)
            self._utterance = _Utterance(whole=packet.first)
        elif self._utterance.next_sequence not in (None, packet.sequence):
            self._blame("sequence")
        self._joined_late = False
        utterance = self._utterance
        utterance.text += text
        utterance.next_sequence = (packet.sequence + 1) % SEQUENCES
        self._events.append(PacketHeard(text, packet.first, packet.last, self._now_ms))
        if packet.last:
            self._close_utterance(complete=utterance.whole)

    def _blame(self, reason: str) -> None:
        self.checksum_errors += 1
        self._events.append(Corrupted(reason, self._now_ms))
        if self._utterance:
            self._utterance.whole = False
            self._utterance.next_sequence = None

    def _blame_unread(self) -> None:
        if self._failed is not None:
            return  # its own tones are among them; it is judged by what follows
        unread, self._unread = self._unread, 0
        if unread >= _UNREAD_FRAMES and not self._joined_late:
            self._blame("preamble")

    def _settle(self) -> None:
        """200 ms of silence: whatever was under way has been cut off, or is held and will go on."""
        self._read(least=0)
        while self._packet is not None and self._superseded(self._packet, self._packet.at + FRAME_SAMPLES):
            self._read(least=0)
        packet = self._packet
        if packet is not None and (packet.awaits_trailer or self._unverified(packet)[1]):
            self._drop(packet, packet.at)
            packet = None
        if packet is None:
            self._judge_failed(None)
            self._blame_unread()
        elif not packet.reported_cut:
            packet.reported_cut = True
            self._events.append(PacketCut(self._unverified(packet)[0], self._now_ms))
        self._joined_late = False

    def _forget(self) -> None:
        """Two seconds of silence: nothing will go on."""
        self._packet = None
        self._skipper.release()
        self._sounding.clear()
        self._close_utterance(complete=False)

    def _close_utterance(self, *, complete: bool) -> None:
        if self._utterance is not None:
            self._events.append(UtteranceHeard(self._utterance.text, complete, self._now_ms))
        self._utterance = None

    def _unverified(self, packet: _OpenPacket, limit: int | None = None) -> tuple[str, bool]:
        """The text of a packet as far as it is there (before sample `limit`), and whether a trailer was met within."""
        whole_frames = ((limit or len(self._sounding) // 2) - packet.body_at) // FRAME_SAMPLES
        if packet.header is None or whole_frames <= 0:
            return "", False
        start = 2 * packet.body_at
        symbols, pure = read_symbols(samples_of(bytes(self._sounding[start : start + whole_frames * FRAME_BYTES])))
        reserved = (symbols <= 1) & pure
        doubled = np.flatnonzero(reserved[:-1] & reserved[1:])
        readable = min(
            len(symbols) if pure.all() else int(pure.argmin()),
            int(doubled[0]) if len(doubled) else len(symbols),
        )
        ended = bool(np.any(symbols[doubled] == symbols[doubled + 1]))
        text = _bytes_of(symbols[:readable])[HEADER_BYTES : packet.body_bytes - CHECKSUM_BYTES]
        return bytes_to_text(text), ended

    def _body(self, packet: _OpenPacket) -> bytes:
        pcm = bytes(self._sounding[2 * packet.body_at : 2 * packet.body_end])
        return _bytes_of(read_symbols(samples_of(pcm))[0])


def _bytes_of(symbols: NDArray[np.uint8]) -> bytes:
    whole = symbols[: len(symbols) // 2 * 2]
    return (whole[::2] << 4 | whole[1::2]).tobytes()
