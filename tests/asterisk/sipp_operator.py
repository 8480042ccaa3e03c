"""The operator: a SIPp phone that picks up and talks, an ear for what it is told, and the INVITEs it was rung with."""

import re
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import trio

from tests.asterisk.pbx import RealAsterisk
from tests.asterisk.rtp_ear import RtpEar, open_ear
from tests.asterisk.sipp_caller import line_audio

_SCENARIO: Final = Path(__file__).parent / "sipp" / "operator.xml"
_INVITE: Final = re.compile(r"^INVITE sip:.*?(?=\r?\n\r?\n)", re.MULTILINE | re.DOTALL)
OPERATOR_SAYS: Final = "Добрий день, це Олена, слухаю вас"


@dataclass(frozen=True, slots=True)
class Invite:
    """What the operator's phone was told of a call. `shown`: the caller's name on its display."""

    shown: str
    number: str
    headers: Mapping[str, str]

    @property
    def reason(self) -> str:
        return unquote(self.headers.get("x-callctl-reason", ""))

    @property
    def summary(self) -> str:
        return unquote(self.headers.get("x-callctl-summary", ""))


@dataclass(frozen=True, slots=True)
class OperatorPhone:
    """`ear` hears what the operator would."""

    ear: RtpEar
    messages: Path

    def invites(self) -> list[Invite]:
        """So far, repetitions included."""
        text = self.messages.read_text(errors="replace") if self.messages.exists() else ""
        return [_invite(found[0]) for found in _INVITE.finditer(text)]


@asynccontextmanager
async def operator_answering(asterisk: RealAsterisk, folder: Path) -> AsyncIterator[OperatorPhone]:
    """The queue's member: picks up, talks, until the block is left."""
    home = folder / "operator"
    home.mkdir()
    (home / "line.ulaw").write_bytes(line_audio(*((at, OPERATOR_SAYS) for at in (1.0, 6.0, 11.0, 16.0)), seconds=60))
    with open_ear() as ear:
        command = [
            "sipp", "-sf", str(_SCENARIO), "-key", "ear_port", str(ear.port), "-i", "127.0.0.1", "-mi", "127.0.0.1",
            "-p", str(asterisk.operator_port), "-nostdin", "-trace_msg", "-message_file", "messages",
        ]  # fmt: skip
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ear.listen)
            nursery.start_soon(_run, command, home)
            yield OperatorPhone(ear, home / "messages")
            nursery.cancel_scope.cancel()


async def _run(command: list[str], home: Path) -> None:
    await trio.run_process(command, cwd=home, check=False, stdout=subprocess.DEVNULL, capture_stderr=True)


def _invite(text: str) -> Invite:
    lines = text.replace("\r", "").split("\n")[1:]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    shown, _, address = headers["from"].rpartition("<")
    number = re.search(r"sip:\+?(\d+)@", address)
    return Invite(shown.strip().strip('"'), number[1] if number else "", headers)
