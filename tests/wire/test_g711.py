"""G.711 against the values of the ITU tables."""

import numpy as np
import pytest

from engine.wire.g711 import alaw_to_pcm, mulaw_to_pcm, pcm_to_alaw, pcm_to_mulaw

ALL_CODES = bytes(range(256))


def pcm(*samples: int) -> bytes:
    return np.array(samples, dtype="<i2").tobytes()


MULAW = {0xFF: 0, 0x7F: 0, 0xFE: 8, 0x7E: -8, 0x80: 32124, 0x00: -32124, 0xE7: 260, 0xAA: 5372, 0x2A: -5372}
ALAW = {0xD5: 8, 0x55: -8, 0xD4: 24, 0xAA: 32256, 0x2A: -32256, 0x80: 5504, 0x00: -5504, 0xC5: 264}


@pytest.mark.parametrize(("code", "sample"), MULAW.items())
def test_mulaw_decodes_to_the_known_sample(code: int, sample: int) -> None:
    assert mulaw_to_pcm(bytes([code])) == pcm(sample)


@pytest.mark.parametrize(("code", "sample"), ALAW.items())
def test_alaw_decodes_to_the_known_sample(code: int, sample: int) -> None:
    assert alaw_to_pcm(bytes([code])) == pcm(sample)


def test_mulaw_codes_survive_a_round_trip_except_minus_zero() -> None:
    assert pcm_to_mulaw(mulaw_to_pcm(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")


def test_alaw_codes_survive_a_round_trip() -> None:
    assert pcm_to_alaw(alaw_to_pcm(ALL_CODES)) == ALL_CODES


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_every_sample_comes_back_within_half_a_step(law: str) -> None:
    encode, decode = {"mulaw": (pcm_to_mulaw, mulaw_to_pcm), "alaw": (pcm_to_alaw, alaw_to_pcm)}[law]
    samples = np.arange(-32768, 32768, dtype=np.int32)
    back = np.frombuffer(decode(encode(samples.astype("<i2").tobytes())), dtype="<i2").astype(np.int32)
    # The widest step holds 1,024 samples; the lowest, 8 (mu-law) or 16 (A-law); clipping costs 644 at most.
    assert np.all(np.abs(back - samples) <= np.maximum(np.abs(samples) // 16, 9) + 4)


def test_full_scale_clips_and_does_not_wrap() -> None:
    assert pcm_to_mulaw(pcm(32767, -32768)) == b"\x80\x00"
    assert pcm_to_alaw(pcm(32767, -32768)) == b"\xaa\x2a"


def test_no_audio_is_no_audio() -> None:
    assert mulaw_to_pcm(b"") == alaw_to_pcm(b"") == pcm_to_mulaw(b"") == pcm_to_alaw(b"") == b""
