"""A caller: SIPp, with a scenario put together from the fragments in sipp/ and audio made beforehand.

SIPp plays one file from its answer to its end, since a phone sends all the time; when a sentence is said is decided
by the silence before it. What the bot says comes to an `RtpEar` of ours, by the SDP.
"""

import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import trio

from engine.wire.g711 import pcm_to_mulaw
from ops.emulators.subtitled_voice import silence, speak
from tests.asterisk.pbx import RealAsterisk, free_udp_port
from tests.asterisk.rtp_ear import RtpEar, open_ear

_FRAGMENTS: Final = Path(__file__).parent / "sipp"
_KEYS: Final = Path("/usr/share/sip-tester")
_GIVE_UP_SECONDS: Final = 90
CALLER: Final = "+380671234567"
"""As in the fragments."""
HANG_UP: Final = (_FRAGMENTS / "hang_up.xml").read_text()
BE_HUNG_UP_ON: Final = (_FRAGMENTS / "be_hung_up_on.xml").read_text()


@dataclass(slots=True)
class PlacedCall:
    """`ended` is set when SIPp is through with its scenario."""

    ear: RtpEar
    ended: trio.Event = field(default_factory=trio.Event)


class UnexpectedCall(Exception):
    """The call did not go by the scenario; says what SIPp says."""


def _stream(what: str) -> str:
    return f'<nop><action><exec rtp_stream="{what}"/></action></nop>\n'


def wait(seconds: float) -> str:
    """A step of a scenario."""
    return f'<pause milliseconds="{seconds * 1000:.0f}"/>\n'


def press(key: str) -> str:
    """A step: a key, as RFC 2833 events from SIPp's own recordings. They are a stream of their own, so the voice pauses
    meanwhile: two streams at once would be seven keys to Asterisk."""
    play = f'<nop><action><exec play_pcap_audio="{_KEYS}/dtmf_2833_{key}.pcap"/></action></nop>\n'
    return _stream("pause") + play + wait(0.5) + _stream("resume")


def line_audio(*said: tuple[float, str], seconds: float) -> bytes:
    """mu-law for `seconds` in which each text is spoken at its second."""
    pcm = b""
    for at, text in said:
        pcm += silence(at)[len(pcm) :] + speak(text)
    return pcm_to_mulaw(pcm + silence(seconds)[len(pcm) :])


@asynccontextmanager
async def placed_call(
    asterisk: RealAsterisk,
    folder: Path,
    steps: Sequence[str],
    *,
    audio: bytes,
    extension: str = "100",
    listens: bool = True,
) -> AsyncIterator[PlacedCall]:
    """A call in progress; leaving takes every caller away who is still there."""
    try:
        async with _placed(asterisk, folder, steps, audio, extension, listens=listens) as call:
            yield call
    finally:
        await _clear(asterisk)


class Crowd:
    """Many calls at once, of callers who only count packets. They are taken away together, so no block that was entered
    later may still be open when more are placed."""

    def __init__(self, asterisk: RealAsterisk, folder: Path, steps: Sequence[str], audio: bytes) -> None:
        self.calls: list[PlacedCall] = []
        self._asterisk = asterisk
        self._folder = folder
        self._steps = steps
        self._audio = audio
        self._stack = AsyncExitStack()

    async def place(self, count: int, *, apart: float = 0.1) -> None:
        """So many more, `apart` seconds from each other."""
        for _ in range(count):
            call = _placed(self._asterisk, self._folder, self._steps, self._audio, "100", listens=False)
            self.calls.append(await self._stack.enter_async_context(call))
            await trio.sleep(apart)

    @property
    def is_whole(self) -> bool:
        """Nobody has been hung up on."""
        return not any(call.ended.is_set() for call in self.calls)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._stack.__aexit__(*error)
        finally:
            await _clear(self._asterisk)


@asynccontextmanager
async def _placed(
    asterisk: RealAsterisk, parent: Path, steps: Sequence[str], audio: bytes, extension: str, *, listens: bool
) -> AsyncIterator[PlacedCall]:
    folder = Path(tempfile.mkdtemp(prefix="call-", dir=parent))
    (folder / "line.ulaw").write_bytes(audio)
    body = (_FRAGMENTS / "invite.xml").read_text() + _stream("line.ulaw,1,0") + "".join(steps)
    (folder / "call.xml").write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="call">\n{body}</scenario>'
    )
    with open_ear(listens=listens) as ear:
        call = PlacedCall(ear)
        command = [
            "sipp", "-sf", "call.xml", "-s", extension, "-key", "ear_port", str(ear.port), "-m", "1", "-nostdin",
            "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(free_udp_port()), "-trace_err", "-error_file", "errors",
            "-timeout", str(_GIVE_UP_SECONDS), f"127.0.0.1:{asterisk.sip_port}",
        ]  # fmt: skip
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ear.listen)
            nursery.start_soon(_run, command, folder, call)
            yield call
            nursery.cancel_scope.cancel()


async def _clear(asterisk: RealAsterisk) -> None:
    """The next test begins with no caller on any line."""
    with trio.CancelScope(shield=True):
        await trio.to_thread.run_sync(asterisk.hang_up_all)


async def _run(command: Sequence[str], folder: Path, call: PlacedCall) -> None:
    result = await trio.run_process(command, cwd=folder, check=False, stdout=subprocess.DEVNULL, capture_stderr=True)
    if result.returncode:
        errors = folder / "errors"
        raise UnexpectedCall(errors.read_text() if errors.exists() else result.stderr.decode())
    call.ended.set()
