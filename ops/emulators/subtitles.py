"""Text as tones: speech in the emulated world carries its own words above the voice.

One 4-bit symbol per 20 ms frame, as a single tone of 2650 + 50*k Hz: 160 samples at 8 kHz hold a whole number of
periods of each, so symbols are orthogonal and join without a click. 50 symbols = 25 bytes a second.

A packet is `preamble | header | payload | checksum`; everything after the preamble is made of bytes from 0x20 to 0xFF,
whose first nibble is never 0 or 1. So the preamble, which alternates 0 and 1, can appear nowhere else at any phase, and
a listener finds the next packet however the last one ended. Packets end at word boundaries, so that what was heard of
an interrupted utterance is known word group by word group.
"""

import binascii
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import FRAME_SAMPLES, RATE, Samples

LOWEST_HZ: Final = 2650
STEP_HZ: Final = 50
TONES: Final = 16
AMPLITUDE: Final = 420
"""Peak of a tone (int16): about 38 dB below full scale, some 20 dB under the voice."""

PREAMBLE: Final = (0, 1, 0, 1)
TRAILER: Final = (1, 1, 1)
"""Ends an utterance: a frame lost from the last packet then shows as a wrong symbol, not as a missing one."""
HEADER_BYTES: Final = 2
CHECKSUM_BYTES: Final = 2
MAX_PAYLOAD: Final = 22
SEQUENCES: Final = 128

_LOWEST_BYTE: Final = 0x20
_DIGITS: Final = 256 - _LOWEST_BYTE
_ESCAPE: Final = 0x98
"""The one byte CP1251 leaves undefined; three base-128 digits of a code point follow."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A few words of an utterance. `sequence` counts packets within it, modulo `SEQUENCES`."""

    payload: bytes
    sequence: int
    first: bool
    last: bool


def text_to_bytes(text: str) -> list[bytes]:
    """One entry per character: CP1251, or an escape for what it does not hold."""
    return [_character_to_bytes(character) for character in text]


def _character_to_bytes(character: str) -> bytes:
    try:
        encoded = character.encode("cp1251")
    except UnicodeEncodeError:
        encoded = b""
    if encoded and encoded[0] >= _LOWEST_BYTE and encoded[0] != _ESCAPE:
        return encoded
    point = ord(character)
    return bytes((_ESCAPE, *(_LOWEST_BYTE + (point >> shift & 0x7F) for shift in (14, 7, 0))))


def bytes_to_text(payload: bytes) -> str:
    """The inverse of `text_to_bytes`; an escape cut short, or damaged, becomes U+FFFD."""
    text: list[str] = []
    position = 0
    while position < len(payload):
        if payload[position] != _ESCAPE:
            text.append(payload[position : position + 1].decode("cp1251", errors="replace"))
            position += 1
            continue
        digits = [byte - _LOWEST_BYTE for byte in payload[position + 1 : position + 4]]
        whole = len(digits) == 3 and all(digit < 128 for digit in digits)
        point = digits[0] << 14 | digits[1] << 7 | digits[2] if whole else 0x11_0000
        text.append(chr(point) if point < 0x11_0000 else "\N{REPLACEMENT CHARACTER}")
        position += 4
    return "".join(text)


def packets(text: str, *, max_payload: int = MAX_PAYLOAD) -> list[Packet]:
    """Cut a text into packets after its spaces; a word longer than `max_payload` bytes is cut where it must be.
    Their payloads joined are the text again, to the character. Empty for empty text."""
    groups: list[bytes] = []
    word = b""
    for encoded in text_to_bytes(text):
        if len(word) + len(encoded) > max_payload:
            groups.append(word)
            word = b""
        word += encoded
        if encoded == b" ":
            _join(groups, word, max_payload)
            word = b""
    if word:
        _join(groups, word, max_payload)
    last = len(groups) - 1
    return [Packet(group, n % SEQUENCES, n == 0, n == last) for n, group in enumerate(groups)]


def _join(groups: list[bytes], word: bytes, max_payload: int) -> None:
    if groups and len(groups[-1]) + len(word) <= max_payload:
        groups[-1] += word
    else:
        groups.append(word)


def pack(packet: Packet) -> list[int]:
    """A packet's symbols, preamble first."""
    flags = packet.first << 1 | packet.last
    body = _two_digits((flags << 6 | len(packet.payload)) << 7 | packet.sequence) + packet.payload
    body += _two_digits(checksum(body))
    return [*PREAMBLE, *(nibble for byte in body for nibble in (byte >> 4, byte & 0xF))]


def unpack_header(body: bytes) -> tuple[int, Packet]:
    """Payload length, and the packet without its payload. Not verified: the checksum at the end does that.
    Raises ValueError if no header reads like this."""
    value = _from_two_digits(body[:HEADER_BYTES])
    length = value >> 7 & 0x3F
    if value >> 15 or not length:
        raise ValueError(f"no such header: {body[:HEADER_BYTES].hex()}")
    return length, Packet(b"", value & 0x7F, bool(value >> 14 & 1), bool(value >> 13 & 1))


def is_intact(body: bytes) -> bool:
    """Whether header, payload and checksum agree."""
    return _from_two_digits(body[-CHECKSUM_BYTES:]) == checksum(body[:-CHECKSUM_BYTES])


def checksum(data: bytes) -> int:
    """CRC-16/CCITT folded into what two bytes from 0x20 up can hold."""
    return binascii.crc_hqx(data, 0xFFFF) % (_DIGITS * _DIGITS)


def _two_digits(value: int) -> bytes:
    return bytes((_LOWEST_BYTE + value // _DIGITS, _LOWEST_BYTE + value % _DIGITS))


def _from_two_digits(pair: bytes) -> int:
    return (pair[0] - _LOWEST_BYTE) * _DIGITS + pair[1] - _LOWEST_BYTE


def symbols(text: str) -> list[int]:
    """All symbols of an utterance: its packets, then the trailer."""
    sequence = [symbol for packet in packets(text) for symbol in pack(packet)]
    return [*sequence, *TRAILER] if sequence else []


def _tone_table() -> NDArray[np.float32]:
    frequencies = LOWEST_HZ + STEP_HZ * np.arange(TONES)[:, None]
    return (AMPLITUDE * np.sin(2 * np.pi * frequencies * np.arange(FRAME_SAMPLES) / RATE)).astype(np.float32)


_TONES: Final = _tone_table()


def tones(text: str) -> Samples:
    """The subtitle of a text alone, 160 samples a symbol."""
    return np.rint(_TONES[symbols(text)].reshape(-1)).astype(np.int16)
