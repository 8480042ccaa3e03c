"""Who may connect: networks, and how many at once. Pure: it counts and answers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address

from engine.config import AudioSocketConfig


class Admission:
    """The connections of one listener, by address."""

    def __init__(self, config: AudioSocketConfig) -> None:
        self._config = config
        self._open: Counter[IPv4Address | IPv6Address] = Counter()

    def refusal(self, host: str) -> str | None:
        """Why this address may not connect now (a connection's closing reason), or None if it may."""
        address = _address(host)
        if not any(address in network for network in self._config.allow):
            return "not_allowed"
        if self._open.total() >= self._config.max_connections:
            return "too_many"
        if self._open[address] >= self._config.max_connections_per_address:
            return "too_many_from_address"
        return None

    @contextmanager
    def admitted(self, host: str) -> Iterator[None]:
        """Count a connection while it lives."""
        address = _address(host)
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


def _address(host: str) -> IPv4Address | IPv6Address:
    """An IPv4 peer of an IPv6 listener (`::ffff:10.0.0.1`) is an IPv4 peer."""
    address = ip_address(host.partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
