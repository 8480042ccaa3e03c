"""Audio that is already here, in the shape of audio that is still coming."""

from typing import Self


class ReadyAudio:
    """An async iterator over one chunk of PCM; over nothing if it is empty."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._pcm:
            raise StopAsyncIteration
        pcm, self._pcm = self._pcm, b""
        return pcm
