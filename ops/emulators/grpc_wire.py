"""What the two Google emulators share: a gRPC server on a port it tells, and faults as gRPC shows them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Final

import grpc

from ops.emulators.faults import FaultInjected, stall

_GRACE_S: Final = 0.5
_READ_OUT_S: Final = 0.03
_CODE_OF_HTTP_STATUS: Final = {
    "400": grpc.StatusCode.INVALID_ARGUMENT,
    "401": grpc.StatusCode.UNAUTHENTICATED,
    "403": grpc.StatusCode.PERMISSION_DENIED,
    "429": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "500": grpc.StatusCode.INTERNAL,
    "503": grpc.StatusCode.UNAVAILABLE,
    "504": grpc.StatusCode.DEADLINE_EXCEEDED,
}


class Refused(Exception):
    """The request ends with this status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def invalid(details: str) -> Refused:
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, details)


class GrpcServer:
    """Serves `handlers` without TLS."""

    def __init__(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._handlers = handlers
        self._server: grpc.aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the bound port. Raises OSError if it is taken or not ours."""
        # gRPC would find out by itself, but says so on stderr and to nobody who could act.
        with socket.create_server((host, port)):
            pass
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        self._server.add_generic_rpc_handlers(self._handlers)
        bound: int = self._server.add_insecure_port(f"{host}:{port}")
        await self._server.start()
        return bound

    async def stop(self) -> None:
        """Stop listening; what still runs after half a second is cancelled."""
        if self._server is not None:
            await self._server.stop(_GRACE_S)
            self._server = None


async def read_out(requests: AsyncIterator[Any]) -> None:
    """Take what the client is just sending, before a status ends its stream.

    A status that overtakes its writes makes grpc.aio report INTERNAL, "Internal error from Core", in its place."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_READ_OUT_S):
            async for _ in requests:
                pass


async def play(fault: FaultInjected, context: Any) -> None:
    """Let a fault happen to this request: a status, a lost connection as clients report one, or nothing for ever."""
    if fault.kind == "stall":
        await stall()
    if fault.kind == "cut":
        await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
    code = _CODE_OF_HTTP_STATUS.get(fault.code) or getattr(grpc.StatusCode, fault.code, grpc.StatusCode.UNKNOWN)
    await context.abort(code, f"injected: {fault.code}")
