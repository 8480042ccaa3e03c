"""Subtitles survive what telephony does to audio, and show what it must not do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio import FRAME_BYTES, FRAME_SAMPLES, SILENCE_FRAME, rms, samples_of
from engine.wire.g711 import mulaw_to_pcm, pcm_to_mulaw
from ops.emulators.subtitle_decoder import SubtitleDecoder
from ops.emulators.subtitle_events import Corrupted, PacketCut, PacketHeard, SubtitleEvent, UtteranceHeard
from ops.emulators.subtitled_voice import silence, speak
from ops.emulators.subtitles import (
    HEADER_BYTES,
    MAX_PAYLOAD,
    PREAMBLE,
    TRAILER,
    bytes_to_text,
    is_intact,
    pack,
    packets,
    text_to_bytes,
    tones,
    unpack_header,
)

TEXTS = {
    "uk": "Добрий день! Мені потрібні зимові шини двісті п'ять на п'ятдесят п'ять, ґумові.",
    "ru": "Здравствуйте, подъём и ёмкость: нужны летние шины на шестнадцать.",
    "en": "Hello, I need four winter tyres for €100, please.",
}
SENTENCE = TEXTS["uk"]
LONG_PAUSE = silence(0.5)


def decoded(stream: bytes, *, chunk: int = FRAME_BYTES) -> tuple[SubtitleDecoder, list[SubtitleEvent]]:
    decoder = SubtitleDecoder()
    events: list[SubtitleEvent] = []
    for start in range(0, len(stream), chunk):
        events += decoder.push(stream[start : start + chunk])
    return decoder, events


def utterances(events: list[SubtitleEvent]) -> list[tuple[str, bool]]:
    return [(event.text, event.complete) for event in events if isinstance(event, UtteranceHeard)]


def frames_of(pcm: bytes) -> list[bytes]:
    return [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm), FRAME_BYTES)]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("chunk", [2, 100, 320, 1600, 4000])
def test_speech_reads_back_exactly(language: str, chunk: int) -> None:
    speech = speak(TEXTS[language], language)
    decoder, events = decoded(LONG_PAUSE + speech + LONG_PAUSE, chunk=chunk)
    assert utterances(events) == [(TEXTS[language], True)]
    assert decoder.checksum_errors == 0


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("offset", [0, 1, 7, 79, 80, 113, 159])
def test_any_phase_through_mulaw(language: str, offset: int) -> None:
    stream = bytes(2 * offset) + LONG_PAUSE + speak(TEXTS[language], language) + LONG_PAUSE
    decoder, events = decoded(mulaw_to_pcm(pcm_to_mulaw(stream)))
    assert utterances(events) == [(TEXTS[language], True)]
    assert decoder.checksum_errors == 0


def test_words_come_in_groups_while_they_are_spoken() -> None:
    speech = speak(SENTENCE)
    _, events = decoded(speech + LONG_PAUSE)
    heard = [event for event in events if isinstance(event, PacketHeard)]
    assert "".join(event.text for event in heard) == SENTENCE
    assert len(heard) >= 4
    assert all(event.text.endswith(" ") for event in heard[:-1])
    assert [event.first for event in heard] == [True] + [False] * (len(heard) - 1)
    assert heard[0].at_ms < 1500
    assert heard[-1].at_ms <= len(speech) / 16 + 100


def test_two_sentences_back_to_back_at_different_phases() -> None:
    one, two = speak("Перше речення."), speak("Друге речення, трохи довше.")
    decoder, events = decoded(one + bytes(2 * 33) + two + LONG_PAUSE)
    assert utterances(events) == [("Перше речення.", True), ("Друге речення, трохи довше.", True)]
    assert decoder.checksum_errors == 0


@pytest.mark.parametrize("offset", [0, 40, 93])
@pytest.mark.parametrize("held_frames", [1, 5, 40, 80])
@pytest.mark.parametrize("at", [2, 20, 47, 100])
def test_held_and_resumed_goes_on(offset: int, held_frames: int, at: int) -> None:
    frames = frames_of(speak(SENTENCE))
    held = b"".join(frames[:at]) + SILENCE_FRAME * held_frames + b"".join(frames[at:])
    decoder, events = decoded(LONG_PAUSE + bytes(2 * offset) + held + LONG_PAUSE)
    assert utterances(events) == [(SENTENCE, True)]
    assert decoder.checksum_errors == 0


@pytest.mark.parametrize("frames", range(6, 200, 13))
def test_cut_off_tells_what_was_heard_and_is_no_error(frames: int) -> None:
    decoder, events = decoded(LONG_PAUSE + speak(SENTENCE)[: frames * FRAME_BYTES] + silence(2.5))
    assert decoder.checksum_errors == 0
    verified = "".join(event.text for event in events if isinstance(event, PacketHeard))
    cut = "".join(event.text for event in events if isinstance(event, PacketCut))
    assert SENTENCE.startswith(verified + cut)
    # 25 bytes a second, less 12 frames of overhead for each packet begun
    begun = 1 + len([event for event in events if isinstance(event, PacketHeard)])
    assert len(verified + cut) >= (frames - 12 * begun) / 2 - 2
    assert not any(complete for _, complete in utterances(events))


def test_heard_grows_with_the_audio() -> None:
    decoder = SubtitleDecoder()
    heard = []
    for frame in frames_of(speak(SENTENCE)):
        decoder.push(frame)
        heard.append(decoder.heard)
    assert all(SENTENCE.startswith(text) for text in heard)
    assert len(set(heard)) > 30


@pytest.mark.parametrize("gap_frames", [0, 3, 30])
@pytest.mark.parametrize("cut_at", [25, 60, 110])
def test_cut_off_by_a_new_utterance(gap_frames: int, cut_at: int) -> None:
    cut = speak(SENTENCE)[: cut_at * FRAME_BYTES]
    decoder, events = decoded(cut + SILENCE_FRAME * gap_frames + bytes(50) + speak("Слухаю вас.") + LONG_PAUSE)
    assert decoder.checksum_errors == 0
    assert utterances(events)[-1] == ("Слухаю вас.", True)
    assert any(isinstance(event, PacketCut) for event in events)


@pytest.mark.parametrize("lost", range(0, 218, 5))
def test_a_lost_frame_is_an_error(lost: int) -> None:
    frames = frames_of(speak(SENTENCE))
    assert lost < len(tones(SENTENCE)) // FRAME_SAMPLES - len(TRAILER), "the trailer carries nothing"
    del frames[lost]
    decoder, _ = decoded(LONG_PAUSE + b"".join(frames) + LONG_PAUSE)
    assert decoder.checksum_errors >= 1


@pytest.mark.parametrize("at", range(1, 200, 7))
def test_a_hole_filled_by_the_next_sentence_is_an_error(at: int) -> None:
    frames = frames_of(speak(SENTENCE))
    del frames[at : at + 3]
    decoder, events = decoded(LONG_PAUSE + b"".join(frames) + speak("Далі.") + LONG_PAUSE)
    assert decoder.checksum_errors >= 1
    assert utterances(events)[-1] == ("Далі.", True)


@pytest.mark.parametrize("at", range(5, 195, 9))
def test_swapped_and_repeated_frames_are_errors(at: int) -> None:
    frames = frames_of(speak(SENTENCE))
    if frames[at] != frames[at + 1]:
        swapped = [*frames[:at], frames[at + 1], frames[at], *frames[at + 2 :]]
        symbols = np.array([symbol for packet in packets(SENTENCE) for symbol in pack(packet)])
        if at + 1 < len(symbols) and symbols[at] != symbols[at + 1]:
            assert decoded(b"".join([*swapped, LONG_PAUSE]))[0].checksum_errors >= 1
    repeated = [*frames[:at], frames[at], *frames[at:]]
    assert decoded(b"".join([*repeated, LONG_PAUSE]))[0].checksum_errors >= 1


def test_the_wrong_rate_is_an_error() -> None:
    speech = samples_of(speak(SENTENCE)).astype(np.float64)
    played = np.interp(np.arange(0, len(speech) - 1, 1.01), np.arange(len(speech)), speech).astype("<i2")
    decoder, events = decoded(LONG_PAUSE + played.tobytes() + LONG_PAUSE)
    assert decoder.checksum_errors >= 1
    assert (SENTENCE, True) not in utterances(events)


def test_voices_without_subtitles_and_noise_say_nothing() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 3000, 80_000).astype("<i2").tobytes()
    assert decoded(noise + LONG_PAUSE)[1] == []


def test_joining_in_the_middle_is_no_error() -> None:
    decoder, events = decoded(speak(SENTENCE)[50 * FRAME_BYTES :] + LONG_PAUSE)
    assert decoder.checksum_errors == 0
    [(text, complete)] = utterances(events)
    assert SENTENCE.endswith(text)
    assert text
    assert not complete


@pytest.mark.parametrize("language", TEXTS)
def test_the_voice_is_loud_starts_at_once_and_leaves_no_hole(language: str) -> None:
    speech = speak(TEXTS[language], language)
    assert len(speech) % FRAME_BYTES == 0
    assert 2500 < rms(speech) < 4000
    levels = [rms(frame) for frame in frames_of(speech)]
    assert max(levels[:3]) > 300
    assert min(levels[:-2]) > 150  # the tail after the subtitle may fade
    assert speak("  ") == b""


any_text = st.text(min_size=1, max_size=120)


@given(any_text)
def test_any_text_survives_its_bytes(text: str) -> None:
    encoded = b"".join(text_to_bytes(text))
    assert bytes_to_text(encoded) == text
    assert not encoded or min(encoded) >= 0x20


@given(any_text)
def test_packets_joined_are_the_text(text: str) -> None:
    cut = packets(text)
    assert "".join(bytes_to_text(packet.payload) for packet in cut) == text
    assert all(0 < len(packet.payload) <= MAX_PAYLOAD for packet in cut)
    assert cut[0].first
    assert cut[-1].last
    assert sum(packet.first for packet in cut) == sum(packet.last for packet in cut) == 1


@given(any_text, st.integers(0, 10_000), st.integers(1, 15))
def test_a_packet_checks_and_a_wrong_symbol_does_not(text: str, where: int, change: int) -> None:
    packet = packets(text)[0]
    symbols = pack(packet)
    body = _body(symbols)
    length, header = unpack_header(body)
    assert is_intact(body)
    assert (length, header.first, header.last) == (len(packet.payload), packet.first, packet.last)
    at = len(PREAMBLE) + where % (len(symbols) - len(PREAMBLE))
    symbols[at] ^= change
    damaged = _body(symbols)
    # folding CRC-16 into two bytes lets one damage in 50,176 pass; a single wrong symbol is never one of them in text
    assert not is_intact(damaged) or damaged[:HEADER_BYTES] != body[:HEADER_BYTES]


@given(st.text(min_size=1, max_size=60))
def test_the_preamble_is_found_nowhere_else(text: str) -> None:
    for packet in packets(text):
        rest = pack(packet)[len(PREAMBLE) :]
        assert all(rest[n] > 1 or rest[n + 1] > 1 for n in range(len(rest) - 1))


@settings(max_examples=30, deadline=None)
@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x4FF), min_size=1, max_size=60), st.integers(0, 159)
)
def test_tones_alone_read_back(text: str, offset: int) -> None:
    stream = LONG_PAUSE + bytes(2 * offset) + tones(text).tobytes() + LONG_PAUSE
    decoder, events = decoded(stream)
    assert utterances(events) == [(text, True)]
    assert decoder.checksum_errors == 0


def test_corruption_is_reported_with_its_time() -> None:
    frames = frames_of(speak(SENTENCE))
    del frames[30]
    _, events = decoded(b"".join([*frames, LONG_PAUSE]))
    [error] = [event for event in events if isinstance(event, Corrupted)]
    assert error.reason == "checksum"
    assert 600 < error.at_ms < 3000


def _body(symbols: list[int]) -> bytes:
    nibbles = symbols[len(PREAMBLE) :]
    return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))
