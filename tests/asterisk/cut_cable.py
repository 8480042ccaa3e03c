"""A machine of its own for an engine, as the network sees it: a namespace at the end of a cable that can be cut.

Cut, nothing comes through any more and nobody is told: what a pulled plug, a dead switch or a frozen host looks like to
Asterisk. Needs root and iproute2.
"""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_HERE: Final = "10.98.0.1"
_THERE: Final = "10.98.0.2"
NETWORK: Final = "10.98.0.0/24"


@dataclass(frozen=True, slots=True)
class Cable:
    """`host` is the far end; `within` goes before a command that is to run there."""

    name: str
    host: str = _THERE

    @property
    def within(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        _ip("link", "set", f"{self.name}-a", "down")


@contextmanager
def laid_cable() -> Iterator[Cable]:
    name = f"cable{secrets.token_hex(3)}"  # an interface's name has room for 15 characters
    near, far = f"{name}-a", f"{name}-b"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("address", "add", f"{_HERE}/24", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", name, "address", "add", f"{_THERE}/24", "dev", far)
        _ip("-n", name, "link", "set", far, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield Cable(name)
    finally:
        _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)
