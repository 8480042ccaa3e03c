"""Connections to Google's gRPC endpoints: a few HTTP/2 channels, calls dealt out in turn.

An HTTP/2 connection carries about 100 streams at Google, so calls are spread over several. Everything async here runs
on the asyncio thread.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

import google.auth
import grpc
import grpc.aio
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from engine.config import GoogleConfig
from engine.speech.grpc_thread import GrpcThread, RpcError

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)

_OPTIONS: Final = (
    # Without it channels to one address share one connection.
    ("grpc.use_local_subchannel_pool", 1),
    # gRPC waits 1 s to 2 min between attempts; a caller is waiting.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


class ChannelPool:
    """Channels to one endpoint (`host:port`), made on first use, closed with the thread."""

    def __init__(self, thread: GrpcThread, endpoint: str, config: GoogleConfig) -> None:
        self._thread = thread
        self._endpoint = endpoint
        self._config = config
        self._channels: list[grpc.aio.Channel] = []
        self._turn = 0
        self._making = asyncio.Lock()

    async def next_ready(self) -> grpc.aio.Channel:
        """The channel whose turn it is, connected. Raises `RpcError` if that takes longer than `config.timeout`."""
        await self._make()
        self._turn = (self._turn + 1) % len(self._channels)
        channel = self._channels[self._turn]
        await self._connect(channel)
        return channel

    async def all_ready(self) -> None:
        """Connect all: the first call of a fresh process would pay 1-2 s for DNS, TLS and HTTP/2."""
        await self._make()
        await asyncio.gather(*(self._connect(channel) for channel in self._channels))

    async def _make(self) -> None:
        async with self._making:
            if self._channels:
                return
            if self._config.plaintext:
                self._channels = [self._plaintext() for _ in range(self._config.channels)]
            else:
                credentials = await asyncio.to_thread(_credentials, self._config.application_credentials)
                self._channels = [self._secure(credentials) for _ in range(self._config.channels)]
            for channel in self._channels:
                self._thread.own(channel)

    def _plaintext(self) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(self._endpoint, options=_OPTIONS)

    def _secure(self, credentials: grpc.ChannelCredentials) -> grpc.aio.Channel:
        return grpc.aio.secure_channel(self._endpoint, credentials, options=_OPTIONS)

    async def _connect(self, channel: grpc.aio.Channel) -> None:
        if channel.get_state(try_to_connect=True) is grpc.ChannelConnectivity.READY:
            return
        try:
            async with asyncio.timeout(self._config.timeout):
                await channel.channel_ready()
        except TimeoutError:
            raise RpcError(
                "UNAVAILABLE", f"no connection to {self._endpoint} within {self._config.timeout:g} s"
            ) from None


def _credentials(path: Path | None) -> grpc.ChannelCredentials:
    """A service account's key file, or what the machine has. Reads files and may ask the metadata server: blocks."""
    key_file: Any = service_account.Credentials
    plugin: Any = AuthMetadataPlugin
    try:
        if path is None:
            credentials, _ = google.auth.default(scopes=_SCOPES)
        else:
            credentials = key_file.from_service_account_file(str(path), scopes=_SCOPES)
    except (GoogleAuthError, OSError, ValueError) as error:
        raise RpcError("UNAUTHENTICATED", str(error)) from error
    return grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(plugin(credentials, Request()))
    )
