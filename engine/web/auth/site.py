"""Where the site is, by which names it may be asked, and who is asking: from the settings and a request. Pure."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from engine.config import HttpConfig

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Site:
    """What the settings say of it."""

    def __init__(self, config: HttpConfig) -> None:
        self._config = config
        public = urlsplit(config.public_url)
        self.is_https = public.scheme == "https"
        usual = ":443" if self.is_https else ":80"
        self._origin = f"{public.scheme}://{public.netloc.removesuffix(usual)}".lower() if public.netloc else None
        names = (public.hostname or "", config.host, "localhost", *config.allowed_hosts)
        self._names = frozenset(name.lower() for name in names if name)

    @property
    def base(self) -> str:
        """What to put before a path, for people."""
        if self._config.public_url:
            return self._config.public_url.rstrip("/")
        host = self._config.host
        if (address := address_of(host)) is not None:
            host = "localhost" if address.is_unspecified else f"[{host}]" if address.version == 6 else host
        return f"http://{host}:{self._config.port}"

    def may_be_asked_as(self, host: str) -> bool:
        """`host`: of the request. A name that is not ours would be one that was bent towards us (DNS rebinding); an
        address cannot be bent."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or address_of(name) is not None

    def is_ours(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` is one of this site. `host`: of the request, which a proxy may have rewritten to
        what it knows us by."""
        return origin.partition("://")[2].lower() == host.lower() or origin.lower() == self._origin

    def client(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """The address that asks: the last one that was not added by a proxy of ours."""
        address = peer
        for hop in reversed([each.strip() for line in forwarded_for for each in line.split(",")]):
            if not _within(address, self._config.trusted_proxies) or address_of(hop) is None:
                break
            address = hop
        return address


def address_of(text: str) -> Address | None:
    """None if it is no address."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _within(text: str, networks: Iterable[Network]) -> bool:
    address = address_of(text)
    return address is not None and any(address in network for network in networks)
