"""The addresses the engine will listen on, looked at before anything is started for it."""

import socket
from dataclasses import dataclass

from engine.config import Config
from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Address:
    """`variables`: which settings say so."""

    variables: str
    host: str
    port: int

    def trouble(self) -> str:
        """Why nobody can listen there now; empty where one can, as where any port will do (0)."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            socket.create_server((self.host, self.port), family=family).close()
        except OSError as error:
            why = (error.strerror or str(error)).partition(" (while")[0]  # the address, said once more
            return f"{self.variables}: cannot listen on {self.host}:{self.port}: {why}"
        return ""


def addresses(config: Config) -> tuple[Address, ...]:
    """Of `callctl serve`."""
    line, web = config.audiosocket, config.http
    return (
        Address("AUDIOSOCKET_HOST, AUDIOSOCKET_PORT", line.host, line.port),
        Address("HTTP_HOST, HTTP_PORT", web.host, web.port),
        Address("HTTP_HOST, HTTP_METRICS_PORT", web.host, web.metrics_port),
    )


def refuse_taken_ports(config: Config) -> None:
    """Raises `ConfigError` naming the variables of every address that cannot be listened on."""
    if troubles := [trouble for address in addresses(config) if (trouble := address.trouble())]:
        raise ConfigError("; ".join(troubles))
