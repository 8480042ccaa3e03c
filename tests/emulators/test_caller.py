"""The simulated caller against a bot of a few lines on a real socket, and its ears and mouth without one."""

import socket
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio
import trio.testing

from engine.audio import FRAME_BYTES, RATE, SILENCE_FRAME, duration_ms, rms
from engine.media.resample import resample
from engine.wire.audiosocket import AudioSocketCodec, Pause, Role
from engine.wire.events import Audio, Connected, Digit, Terminated, WireEvent
from ops.emulators.caller import CallEnded, CallerOptions, place_call
from ops.emulators.caller_ears import AudioDamaged, BotSentence, BotStarted, BotStopped, BotWords, Ears
from ops.emulators.caller_mouth import Mouth, WireFrame
from ops.emulators.caller_pacer import Pacer
from ops.emulators.caller_recording import Recording, read_wav
from ops.emulators.recognition import Heard, Recognition
from ops.emulators.subtitled_voice import silence, speak

GREETING = "Добрий день!"
QUESTION = "Є шини?"


@dataclass
class Bot:
    """Plays what it is told a frame per 20 ms, and keeps what the caller sent with the time it came."""

    stream: trio.SocketStream
    codec: AudioSocketCodec = field(default_factory=AudioSocketCodec)
    playing: bytes = b""
    received: list[tuple[float, WireEvent]] = field(default_factory=list)
    connected: trio.Event = field(default_factory=trio.Event)
    spoken_to: trio.Event = field(default_factory=trio.Event)
    eof: trio.Event = field(default_factory=trio.Event)

    async def listen(self) -> None:
        while True:
            data = await self.stream.receive_some()
            now = trio.current_time()
            self.codec.receive_data(data)
            while not isinstance(event := self.codec.next_event(), Pause):
                self.received.append((now, event))
                self.connected.set()
                if isinstance(event, Audio) and rms(event.pcm) > 150:
                    self.spoken_to.set()
            if not data:
                self.eof.set()
                return

    async def play(self) -> None:
        due = trio.current_time()
        while True:
            frame, self.playing = (self.playing[:FRAME_BYTES] or SILENCE_FRAME), self.playing[FRAME_BYTES:]
            await self.stream.send_all(self.codec.send(Audio(frame, RATE)))
            due += 0.02
            await trio.sleep_until(due)

    def audio(self) -> bytes:
        return b"".join(event.pcm for _, event in self.received if isinstance(event, Audio))


@asynccontextmanager
async def bot(behaviour: Callable[[Bot], Awaitable[None]] = Bot.play) -> AsyncIterator[tuple[int, list[Bot]]]:
    """A listening bot: its port, and the calls it has had."""
    calls: list[Bot] = []

    async def answer(stream: trio.SocketStream) -> None:
        call = Bot(stream)
        calls.append(call)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call.listen)
            nursery.start_soon(behaviour, call)
            await call.eof.wait()
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, answer, [listener])
        with trio.fail_after(10):
            yield port, calls
        nursery.cancel_scope.cancel()


def words(pcm: bytes) -> list[str]:
    events = [event for event in Recognition().push(pcm + silence(0.5)) if isinstance(event, Heard)]
    return [event.text for event in events if event.is_final]


async def test_a_turn_each(tmp_path: Path) -> None:
    call_id = uuid4()
    options = CallerOptions(records=True)
    speak(GREETING)
    async with bot() as (port, calls), place_call("127.0.0.1", port, call_id=call_id, options=options) as caller:
        with trio.fail_after(8):
            await caller.wait_for_audio()
            calls[0].playing = speak(GREETING)
            turn = await caller.wait_for_bot_turn(quiet_ms=250)
            assert turn.text == GREETING
            assert duration_ms(speak(GREETING)) / 1000 == pytest.approx(turn.stopped_at - turn.started_at, abs=0.3)
            said_at = await caller.say(QUESTION)
            caller.digit("5")
            calls[0].playing = silence(0.1) + speak("Так.")
            turn = await caller.wait_for_bot_turn(quiet_ms=250)
            assert turn.text == "Так."
            assert turn.latency == pytest.approx(turn.started_at - said_at)
            assert 0.05 < turn.latency < 0.6
            caller.hang_up()
            await calls[0].eof.wait()
    [heard] = calls
    assert heard.received[0][1] == Connected(call_id)
    assert words(heard.audio()) == [QUESTION]
    assert [event for _, event in heard.received if isinstance(event, Digit)] == [Digit("5")]
    assert not any(isinstance(event, Terminated) for _, event in heard.received)
    assert caller.end_reason == "hung_up"
    kinds = [type(event) for event in caller.ears.events if not isinstance(event, BotWords)]
    assert kinds == [BotStarted, BotSentence, BotStopped] * 2
    assert caller.ears.statistics().checksum_errors == 0
    assert caller.recording
    caller.recording.write_wav(tmp_path / "call.wav")
    assert words(read_wav(tmp_path / "call.wav")) == [QUESTION]
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)


async def test_a_frame_every_20_ms_with_no_drift() -> None:
    async with bot() as (port, calls):
        async with place_call("127.0.0.1", port) as caller:
            started = trio.current_time()
            await trio.sleep(1)
            sent, elapsed = caller.frames_sent, trio.current_time() - started
        assert abs(sent - elapsed / 0.02) <= 3
    sizes = {len(event.pcm) for _, event in calls[0].received if isinstance(event, Audio)}
    assert sizes == {FRAME_BYTES}
    assert set(calls[0].audio()) == {0}


async def test_interrupting_a_bot_that_stops_and_one_that_does_not() -> None:
    async def stops_after_speech(call: Bot) -> None:
        async def yield_the_floor() -> None:
            await call.spoken_to.wait()
            await trio.sleep(0.1)
            call.playing = b""

        call.playing = speak("Зараз я довго розповідатиму про шини.")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(yield_the_floor)
            await call.play()

    speak("Стоп")
    async with bot(stops_after_speech) as (port, _), place_call("127.0.0.1", port) as caller:
        interruption = await caller.interrupt_after(600, "Стоп", settle_ms=500)
        assert 0.08 <= interruption.stopped_after < 0.4
        assert 4 <= interruption.voiced_frames < 20
        turn = caller.ears.words_after(caller.started_at)
        assert turn
        assert "Зараз я довго розповідатиму про шини.".startswith(turn)
        assert caller.ears.statistics().checksum_errors == 0


async def test_how_calls_end() -> None:
    async def terminates(call: Bot) -> None:
        await call.connected.wait()
        await call.stream.send_all(call.codec.send(Audio(SILENCE_FRAME, RATE)) + call.codec.send(Terminated()))
        await trio.sleep_forever()

    async def closes(call: Bot) -> None:
        await call.connected.wait()
        await call.stream.send_eof()
        await trio.sleep_forever()

    async def says_nonsense(call: Bot) -> None:
        await call.connected.wait()
        await call.stream.send_all(b"\x10\xff\xff" + bytes(3))
        await trio.sleep_forever()

    async def says_nothing(call: Bot) -> None:
        await trio.sleep_forever()

    async def reason_of(behaviour: Callable[[Bot], Awaitable[None]], expected: str) -> None:
        async with bot(behaviour) as (port, _), place_call("127.0.0.1", port) as caller:
            assert await caller.wait_ended() == expected
            with pytest.raises(CallEnded):
                await caller.wait_for_bot_turn()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reason_of, terminates, "terminated")
        nursery.start_soon(reason_of, closes, "eof")
        nursery.start_soon(reason_of, says_nonsense, "protocol_error")
        nursery.start_soon(reason_of, says_nothing, "no_audio")


async def test_nobody_answers() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match=r"all attempts|refused|connect"):
            async with place_call("127.0.0.1", unused.getsockname()[1]):
                pass


async def test_many_callers_share_a_pacer(autojump_clock: trio.testing.MockClock) -> None:
    pacer = Pacer()
    counts = [0] * 40

    def ticker(n: int) -> Callable[[float], None]:
        def tick(now: float) -> None:
            counts[n] += 1

        return tick

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pacer.run)
        ticks = [ticker(n) for n in range(40)]
        for tick in ticks:
            pacer.add(tick)
        await trio.sleep(60)
        pacer.remove(ticks[0])
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert all(abs(count - 6000) <= 2 for count in counts[1:])
    assert abs(counts[0] - 3000) <= 2


def heard_at_20_ms(pcm: bytes, ears: Ears, rate: int = RATE) -> Ears:
    size = FRAME_BYTES * rate // RATE
    now = 0.0
    for start in range(0, len(pcm), size):
        now = start / size * 0.02
        ears.hear(pcm[start : start + size], rate, now)
        ears.tick(now)
    return ears


def test_ears_at_16_khz() -> None:
    wide = resample(silence(0.1) + speak(QUESTION) + silence(0.5), 8000, 16000)
    ears = heard_at_20_ms(wide, Ears(), 16000)
    assert [event.text for event in ears.events if isinstance(event, BotSentence)] == [QUESTION]


def test_ears_count_gaps_and_damage() -> None:
    speech = speak("Перевірка лінії.")
    frames = [speech[start : start + FRAME_BYTES] for start in range(0, len(speech), FRAME_BYTES)]
    ears = Ears()
    for n, frame in enumerate([*frames, *[SILENCE_FRAME] * 20]):
        if n not in (20, 21):
            ears.hear(frame, RATE, n * 0.02)
    statistics = ears.statistics()
    assert statistics.missing_frames == 2
    assert statistics.max_gap_ms == pytest.approx(60)
    assert statistics.p99_gap_ms <= 60
    assert statistics.checksum_errors == 1
    assert any(isinstance(event, AudioDamaged) for event in ears.events)


def test_ears_that_only_listen_for_levels() -> None:
    ears = heard_at_20_ms(silence(0.1) + speak(QUESTION) + silence(0.5), Ears(decodes=False))
    assert [type(event) for event in ears.events] == [BotStarted, BotStopped]
    assert ears.words_after(0) == ""


def test_ears_tell_how_much_was_heard_after_an_interruption() -> None:
    ears = heard_at_20_ms(speak(GREETING), Ears())
    assert len(ears.voiced_run_after(0.3)) == pytest.approx(len(speak(GREETING)) / FRAME_BYTES - 16, abs=3)
    assert ears.voiced_run_after(5.0) == []
    assert ears.first_voiced_after(0.1) == pytest.approx(0.12)
    assert ears.first_voiced_after(9.0) is None


@pytest.mark.parametrize(("noise", "level"), [(0.0, 0.0), (12.0, 12.0)])
def test_the_room_between_words(noise: float, level: float) -> None:
    mouth = Mouth(_identified(), noise_rms=noise)
    room = b"".join(mouth.next_frame(n * 0.02).pcm for n in range(100))
    assert rms(room) == pytest.approx(level, rel=0.1)


def test_a_wide_mouth_sends_640_bytes() -> None:
    mouth = Mouth(_identified(), rate=16000)
    mouth.queue(speak(GREETING))
    frames: list[WireFrame] = []
    while mouth.is_talking:
        frames.append(mouth.next_frame(len(frames) * 0.02))
    assert {frame.wire[:3] for frame in frames} == {b"\x12\x02\x80"}
    assert {len(frame.wire) for frame in frames} == {643}
    narrow = resample(b"".join(frame.wire[3:] for frame in frames), 16000, 8000)
    assert words(narrow) == [GREETING]
    assert mouth.first_voiced_at is not None
    assert mouth.first_voiced_at <= 0.04
    assert mouth.last_voiced_at == pytest.approx(len(frames) * 0.02, abs=0.08)


def test_a_recording_keeps_both_sides_together(tmp_path: Path) -> None:
    recording = Recording()
    for n in range(10):
        recording.hear(bytes([n, 0]) * 160)
        recording.tick(bytes([100 + n, 0]) * 160)
    recording.write_wav(tmp_path / "both.wav")
    with wave.open(str(tmp_path / "both.wav")) as file:
        data = file.readframes(file.getnframes())
    assert data[:4] == bytes([100, 0, 0, 0])
    assert data[-4:] == bytes([109, 0, 9, 0])


def _identified() -> AudioSocketCodec:
    codec = AudioSocketCodec(Role.CLIENT)
    codec.send(Connected(UUID(int=1)))
    return codec
