"""The AudioSocket codec through its three verbs: golden bytes, any split of any bytes, and what it refuses."""

from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LocalProtocolError, RemoteProtocolError
from engine.wire.audiosocket import AUDIO_RATES, DIGITS, END, MAX_PAYLOAD, NEED_DATA, AudioSocketCodec, Role
from engine.wire.events import Audio, Connected, Digit, PeerError, Terminated, WireEvent
from engine.wire.g711 import mulaw_to_pcm, pcm_to_mulaw

CALL_ID = UUID("00112233-4455-6677-8899-aabbccddeeff")
IDENTITY = bytes.fromhex("01 0010 00112233445566778899aabbccddeeff")

type Seen = list[WireEvent | str]


def seen_by(codec: AudioSocketCodec, *chunks: bytes) -> Seen:
    """Everything the codec says about these chunks; errors and the end by name."""
    seen: Seen = []
    for chunk in chunks:
        codec.receive_data(chunk)
        while True:
            try:
                event = codec.next_event()
            except RemoteProtocolError as error:
                return [*seen, f"error: {error}"]
            if event is NEED_DATA:
                break
            if event is END:
                seen.append("end")
                break
            assert not isinstance(event, type(END))
            seen.append(event)
    return seen


def error_of(data: bytes, *, max_payload: int = MAX_PAYLOAD) -> str:
    last = seen_by(AudioSocketCodec(max_payload=max_payload), data)[-1]
    assert isinstance(last, str)
    return last


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        ("00 0000", Terminated()),
        ("03 0001 23", Digit("#")),
        ("03 0001 44", Digit("D")),
        ("10 0004 0100ffff", Audio(b"\x01\x00\xff\xff", 8_000)),
        ("11 0002 0100", Audio(b"\x01\x00", 12_000)),
        ("12 0002 0100", Audio(b"\x01\x00", 16_000)),
        ("15 0002 0100", Audio(b"\x01\x00", 44_100)),
        ("18 0002 0100", Audio(b"\x01\x00", 192_000)),
        ("10 0000", Audio(b"", 8_000)),
        ("ff 0001 02", PeerError(2)),
    ],
)
def test_golden_frames(frame: str, event: WireEvent) -> None:
    data = bytes.fromhex(frame)
    assert seen_by(AudioSocketCodec(), IDENTITY + data) == [Connected(CALL_ID), event]
    assert AudioSocketCodec().send(event) == data


def test_an_error_frame_without_a_code_is_still_an_error() -> None:
    assert seen_by(AudioSocketCodec(), IDENTITY + b"\xff\x00\x00")[1:] == [PeerError(0)]


def test_unknown_frames_are_ignored_and_counted() -> None:
    codec = AudioSocketCodec()
    assert seen_by(codec, IDENTITY + b"\x42\x00\x03abc" + b"\x00\x00\x00") == [Connected(CALL_ID), Terminated()]
    assert codec.unknown_frames == 1


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x10\x00\x02\x00\x00", "first frame is 0x10"),
        (b"\x42\x00\x00", "first frame is 0x42"),
        (b"\x01\x00\x02ab", "UUID of 2 bytes"),
        (IDENTITY + IDENTITY, "UUID out of place"),
        (IDENTITY + b"\x10\x00\x03abc", "half a sample"),
        (IDENTITY + b"\x03\x00\x01x", "DTMF"),
        (IDENTITY + b"\x03\x00\x0212", "DTMF"),
        (IDENTITY + b"\x03\x00\x00", "DTMF"),
        (IDENTITY + b"\x03\x00\x01\xff", "DTMF"),
        (IDENTITY + b"\x10\xff\xfe", "65534 bytes, at most"),
        (b"GET / HTTP/1.1\r\n", "at most"),
    ],
)
def test_what_the_peer_may_not_send(data: bytes, complaint: str) -> None:
    assert complaint in error_of(data)


def test_the_bound_on_a_frame_is_the_callers_choice() -> None:
    assert "at most 100" in error_of(IDENTITY + b"\x10\x00\x66", max_payload=100)


def test_an_error_is_for_ever() -> None:
    codec = AudioSocketCodec()
    codec.receive_data(b"\x10\x00\x02\x00\x00")
    with pytest.raises(RemoteProtocolError) as first:
        codec.next_event()
    codec.receive_data(IDENTITY)
    with pytest.raises(RemoteProtocolError) as second:
        codec.next_event()
    assert second.value is first.value


def test_the_end_between_frames_is_no_error_and_within_one_is() -> None:
    assert seen_by(AudioSocketCodec(), IDENTITY, b"") == [Connected(CALL_ID), "end"]
    assert seen_by(AudioSocketCodec(), b"") == ["end"]
    assert "middle of a frame" in str(seen_by(AudioSocketCodec(), IDENTITY[:-1], b"")[-1])
    assert "middle of a frame" in str(seen_by(AudioSocketCodec(), IDENTITY + b"\x10", b"")[-1])


def test_the_client_speaks_first_and_the_server_never_names_itself() -> None:
    client = AudioSocketCodec(Role.CLIENT)
    with pytest.raises(LocalProtocolError):
        client.send(Terminated())
    with pytest.raises(LocalProtocolError):
        client.send(Audio(bytes(320), 8_000))
    assert client.send(Connected(CALL_ID)) == IDENTITY
    with pytest.raises(LocalProtocolError):
        client.send(Connected(CALL_ID))
    with pytest.raises(LocalProtocolError):
        AudioSocketCodec().send(Connected(CALL_ID))


@pytest.mark.parametrize(
    "event",
    [Audio(b"a", 8_000), Audio(b"", 11_025), Audio(bytes(65_536), 8_000), Digit("12"), Digit(""), PeerError(256)],
)
def test_what_we_may_not_send(event: WireEvent) -> None:
    with pytest.raises(LocalProtocolError):
        AudioSocketCodec().send(event)


frames = st.builds(
    lambda kind, payload: bytes([kind]) + len(payload).to_bytes(2) + payload,
    st.one_of(st.sampled_from([0, 1, 3, 0x10, 0x12, 0x42, 0xFF]), st.integers(0, 255)),
    st.binary(max_size=24),
)
streams = st.one_of(st.binary(max_size=200), st.lists(frames, max_size=8).map(lambda f: IDENTITY + b"".join(f)))


@given(streams, st.lists(st.integers(0, 300), max_size=12), st.sampled_from(Role))
def test_any_split_of_any_bytes_says_the_same(data: bytes, cuts: list[int], role: Role) -> None:
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    chunks = [data[start:end] for start, end in pairwise(edges)]
    whole = seen_by(AudioSocketCodec(role), *([data] if data else []), b"")
    assert seen_by(AudioSocketCodec(role), *chunks, b"") == whole


audio = st.builds(
    Audio, st.binary(max_size=400).map(lambda b: b[: len(b) // 2 * 2]), st.sampled_from(sorted(AUDIO_RATES.values()))
)
sendable = st.one_of(
    audio,
    st.sampled_from(sorted(DIGITS)).map(Digit),
    st.integers(0, 255).map(PeerError),
    st.just(Terminated()),
)


@given(st.lists(sendable))
def test_what_one_end_sends_the_other_receives(events: list[WireEvent]) -> None:
    server, client = AudioSocketCodec(Role.SERVER), AudioSocketCodec(Role.CLIENT)
    assert seen_by(client, b"".join(map(server.send, events)) or b"\x42\x00\x00") == events
    # Towards the server frames of exactly 160 bytes may be taken for mu-law.
    upward = [Connected(CALL_ID), *(e for e in events if not (isinstance(e, Audio) and len(e.pcm) == 160))]
    speaker = AudioSocketCodec(Role.CLIENT)
    assert seen_by(server, b"".join(map(speaker.send, upward))) == upward


def speech(level: int, frames_: int, frame_bytes: int, seed: int = 0) -> list[bytes]:
    """Noise with the slope of speech, in frames of `frame_bytes` of slin."""
    noise = np.random.default_rng(seed).normal(size=frames_ * frame_bytes // 2)
    smooth = np.convolve(noise, np.ones(6) / 6, "same")
    data = (smooth / np.abs(smooth).max() * level).astype("<i2").tobytes()
    return [data[i : i + frame_bytes] for i in range(0, len(data), frame_bytes)]


def labelled_slin(payload: bytes) -> bytes:
    return b"\x10" + len(payload).to_bytes(2) + payload


@pytest.mark.parametrize("level", [0, 40, 400, 4_000, 20_000])
def test_mulaw_under_a_slin_label_is_recognised_from_the_first_frame(level: int) -> None:
    codec = AudioSocketCodec()
    compressed = [pcm_to_mulaw(frame) for frame in speech(level, 50, 320)]
    seen = seen_by(codec, IDENTITY + b"".join(map(labelled_slin, compressed)))
    assert seen[1:] == [Audio(mulaw_to_pcm(frame), 8_000) for frame in compressed]
    assert codec.is_mulaw


@pytest.mark.parametrize("level", [0, 40, 400, 4_000, 20_000])
def test_ten_milliseconds_of_true_slin_are_left_alone(level: int) -> None:
    codec = AudioSocketCodec()
    plain = speech(level, 50, 160)
    assert seen_by(codec, IDENTITY + b"".join(map(labelled_slin, plain)))[1:] == [Audio(f, 8_000) for f in plain]
    assert not codec.is_mulaw


def test_a_full_frame_first_settles_for_slin() -> None:
    codec = AudioSocketCodec()
    seen_by(codec, IDENTITY + labelled_slin(bytes(320)) + labelled_slin(b"\xff" * 160) * 9)
    assert not codec.is_mulaw
