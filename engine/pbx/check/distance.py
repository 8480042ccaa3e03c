"""Whether the network between Asterisk and an engine may be cut without anybody noticing: at 16 kHz it may."""

import ipaddress
from typing import Final

from engine.pbx.ami_connection import Asker
from engine.pbx.check.findings import Finding, fine, missing
from engine.pbx.check.manager import engines_of, value_of

_WIDE: Final = "16000"
_WHAT: Final = "audio at 16 kHz"
_REMEDY: Final = (
    "put HAProxy on Asterisk's machine (ops/deploy/haproxy) and let CALLCTL_ENGINE_1 be its address, or set "
    "CALLCTL_RATE=8000"
)


async def check_distance(ami: Asker, asterisk: str) -> list[Finding]:
    """Nothing where 8 kHz is sent: there Asterisk notices by itself. `asterisk`: the host we know it by. Raises
    `AmiAway`."""
    if await value_of(ami, "CALLCTL_RATE") != _WIDE:
        return []
    hosts = [engine.partition(",")[0].rpartition(":")[0] for engine in await engines_of(ami)]
    far = [host for host in hosts if host != asterisk and not is_here(host)]
    if not far:
        return [fine(_WHAT, "does not leave Asterisk's machine")]
    found = f"goes to {', '.join(far)}; Asterisk does not notice when the network to there is cut"
    return [missing(_WHAT, found, _REMEDY)]


def is_here(host: str) -> bool:
    """Whether it is the machine's name for itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
