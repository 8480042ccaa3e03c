"""espeak-ng from a wheel through its C API (speak_lib.h): Ukrainian, Russian, English, milliseconds a sentence.

The library has one global state, so there is one `Espeak` a process and it holds a lock while it speaks. It releases
the GIL; from an event loop call it in a thread.
"""

import ctypes
import threading
from functools import cache
from typing import Final

import espeakng_loader

VOICES: Final = {"uk": "uk", "ru": "ru", "en": "en-us"}
SLOWEST: Final = 80
USUAL: Final = 175
FASTEST: Final = 450
"""Words a minute, the range of espeakRATE."""

_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_INITIALIZE_DONT_EXIT: Final = 0x8000
_PARAMETER_RATE: Final = 1
_POSITION_CHARACTER: Final = 1
_CHARS_UTF8: Final = 1
_OK: Final = 0

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """Speaks at `sample_rate` Hz. Raises `RuntimeError` if the library refuses."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._lock = threading.Lock()
        self._chunks: list[bytes] = []
        # Kept on self: ctypes would otherwise free it while the library still calls it.
        self._callback = _Callback(self._take)
        self.sample_rate: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), _INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise RuntimeError("espeak-ng did not start")
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, *, language: str = "uk", words_per_minute: int = USUAL) -> bytes:
        """16-bit mono PCM at `sample_rate`. Raises `KeyError` for a language that is not in `VOICES`."""
        data = text.encode() + b"\0"
        with self._lock:
            self._chunks.clear()
            if self._library.espeak_SetVoiceByName(VOICES[language].encode()) != _OK:
                raise RuntimeError(f"espeak-ng has no voice for {language}")
            self._library.espeak_SetParameter(_PARAMETER_RATE, max(SLOWEST, min(words_per_minute, FASTEST)), 0)
            status = self._library.espeak_Synth(
                data, ctypes.c_size_t(len(data)), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
            )
            if status != _OK:
                raise RuntimeError(f"espeak-ng failed: {status}")
            return b"".join(self._chunks)

    def _take(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, 2 * count))
        return 0


_starting: Final = threading.Lock()


def espeak() -> Espeak:
    """The one of this process, whichever thread asks first: a cache alone would start it once for each."""
    with _starting:
        return _started()


@cache
def _started() -> Espeak:
    return Espeak()
