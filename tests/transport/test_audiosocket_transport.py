"""The AudioSocket transport over a real socket."""

import socket
import struct

import numpy as np
import pytest
import structlog.testing
import trio

from engine.audio import FRAME_BYTES, RATE
from engine.metrics import REGISTRY
from engine.transport.frame_writer import FrameWriter
from engine.wire.events import Audio, Closed, Connected, MediaEvent, PeerError, Terminated
from engine.wire.g711 import pcm_to_mulaw
from tests.conformance import CHECKS, Recorder, check_transport, tone, until
from tests.transport.audiosocket_rig import CALL_ID, Caller, audiosocket_pair, configured


async def test_it_does_what_every_transport_must() -> None:
    assert CHECKS
    await check_transport(audiosocket_pair)


async def test_a_16_khz_peer_is_heard_at_8_khz_and_answered_at_16() -> None:
    async with audiosocket_pair() as (transport, caller):
        recorder = Recorder()
        transport.start(recorder)
        wave = (8_000 * np.sin(2 * np.pi * 440 * np.arange(320 * 20) / 16_000)).astype("<i2").tobytes()
        for start in range(0, len(wave), 640):
            await caller.send(Audio(wave[start : start + 640], 16_000))
        await recorder.wait_for(lambda r: transport.statistics().frames_in == 20)
        # A resampler may hold back a little of the end.
        assert 15 * FRAME_BYTES <= len(recorder.pcm) <= 20 * FRAME_BYTES
        assert {e.rate for e in recorder.events if isinstance(e, Audio)} == {RATE}
        for number in range(10):
            transport.send_frame_nowait(tone(number))
        answers = [await caller.receive() for _ in range(10)]
        assert {a.rate for a in answers if isinstance(a, Audio)} == {16_000}
        assert 8 * 640 <= sum(len(a.pcm) for a in answers if isinstance(a, Audio)) <= 10 * 640


async def test_mulaw_under_a_slin_label_is_decoded_and_logged_once() -> None:
    async with audiosocket_pair() as (transport, caller):
        recorder = Recorder()
        transport.start(recorder)
        with structlog.testing.capture_logs() as logs:
            for _ in range(10):
                await caller.send(Audio(pcm_to_mulaw(tone(900)), RATE))
            await recorder.wait_for(lambda r: len(r.pcm) == 10 * FRAME_BYTES)
        assert [line["event"] for line in logs] == ["mulaw_under_slin_label"]
        assert set(struct.unpack("<1600h", recorder.pcm)) <= set(range(940, 1060))


@pytest.mark.parametrize(
    ("event", "reason"), [(Terminated(), "terminated"), (PeerError(4), "error_frame: code 4")], ids=["0x00", "0xff"]
)
async def test_the_peers_last_word_is_reported_before_the_end(event: Terminated | PeerError, reason: str) -> None:
    async with audiosocket_pair() as (transport, caller):
        recorder = Recorder()
        transport.start(recorder)
        await caller.send(event)
        await recorder.wait_for(lambda r: bool(r.closed))
        assert recorder.events == [Connected(CALL_ID), event, Closed(reason)]


async def test_it_knows_of_what_waits_to_be_read() -> None:
    async with audiosocket_pair() as (transport, caller):
        assert not transport.has_unread()
        await caller.send(Audio(tone(1), RATE))  # not read before `start`
        await until(transport.has_unread)
        recorder = Recorder()
        transport.start(recorder)
        await recorder.wait_for(lambda r: len(r.pcm) == FRAME_BYTES)
        assert not transport.has_unread()
        await caller.send(Terminated())
        await recorder.wait_for(lambda r: bool(r.closed))
        assert not transport.has_unread()


async def test_a_peer_that_does_not_read_costs_frames_and_then_the_connection() -> None:
    async with audiosocket_pair(configured(stall_timeout=0.05)) as (transport, caller):
        recorder = Recorder()
        transport.start(recorder)
        before = dropped_frames()
        with trio.fail_after(5):
            while not recorder.closed:
                for _ in range(500):
                    transport.send_frame_nowait(tone(1))
                await trio.sleep(0.005)
        statistics = transport.statistics()
        assert recorder.closed == [Closed("stalled")]
        assert statistics.frames_dropped > 0
        assert dropped_frames() - before == statistics.frames_dropped
        assert await frames_before_the_end(caller) in (statistics.frames_out - 1, statistics.frames_out)


async def test_a_peer_that_reads_again_gets_whole_frames() -> None:
    async with audiosocket_pair() as (transport, caller):
        transport.start(Recorder())
        while not transport.statistics().frames_dropped:
            transport.send_frame_nowait(tone(1))
        for _ in range(transport.statistics().frames_out - 1):
            assert await caller.receive_frame() == tone(1)
        # The last one is only begun; the next send completes it first.
        transport.send_frame_nowait(tone(2))
        assert await caller.receive_frame() == tone(1)
        assert await caller.receive_frame() == tone(2)


async def test_closing_towards_a_peer_that_does_not_read_is_bounded() -> None:
    async with audiosocket_pair(configured(close_timeout=0.05)) as (transport, _):
        recorder = Recorder()
        transport.start(recorder)
        while not transport.statistics().frames_dropped:
            transport.send_frame_nowait(tone(1))
        with trio.fail_after(2):
            await transport.close("completed")
        assert recorder.closed == [Closed("local: completed")]


async def test_a_sink_that_raises_ends_its_own_connection_only() -> None:
    async with audiosocket_pair() as (transport, caller):
        seen: list[MediaEvent] = []

        def sink(event: MediaEvent, now: float) -> None:
            seen.append(event)
            if isinstance(event, Audio):
                raise TypeError("a bug above")

        with structlog.testing.capture_logs() as logs:
            transport.start(sink)
            await caller.send(Audio(tone(1), RATE))
            await until(lambda: transport.is_closed)
        assert seen[-1] == Closed("local: sink failed")
        assert [line["event"] for line in logs] == ["sink_failed", "connection_closed"]


def test_small_frames_are_not_held_back_by_nagle() -> None:
    with socket.socket() as sock:
        FrameWriter(sock, stall_timeout=1.0)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def dropped_frames() -> float:
    return REGISTRY.get_sample_value("callctl_media_frames_dropped_total") or 0.0


async def frames_before_the_end(caller: Caller) -> int:
    """Whole frames that arrive until the connection ends, however it ends."""
    data = b""
    try:
        while chunk := await caller.stream.receive_some():
            data += chunk
    except trio.BrokenResourceError:
        pass
    return len(data) // (FRAME_BYTES + 3)
