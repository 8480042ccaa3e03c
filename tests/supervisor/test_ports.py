"""Ports shared by the workers and by nobody else."""

import socket

import pytest

from engine.config import Config
from engine.errors import ConfigError
from engine.supervisor.ports import held_ports


def config(audiosocket: int = 0, http: int = 0) -> Config:
    return Config.from_env({"audiosocket": {"port": audiosocket}, "http": {"port": http}})


def test_several_workers_listen_on_a_held_port_and_the_holder_takes_no_connection() -> None:
    with held_ports(config()) as ports:
        address = ("127.0.0.1", ports.audiosocket)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        listeners = [socket.create_server(address, reuse_port=True) for _ in range(2)]
        with socket.create_connection(address):
            pass
        for listener in listeners:
            listener.close()


def test_a_port_somebody_listens_on_is_refused_even_if_he_would_share_it() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"HTTP_PORT: cannot listen on 127.0.0.1:{port}"),
            held_ports(config(http=port)),
        ):
            pass
