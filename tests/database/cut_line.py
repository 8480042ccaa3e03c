"""A line to PostgreSQL that can go dead without closing, as a network does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import trio

_SOCKET = ".s.PGSQL.5432"


class CuttableLine:
    """Carries bytes to the server behind `socket` and back until `cut`; afterwards everything stays open and silent."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._cut = False

    def cut(self) -> None:
        self._cut = True

    async def carry(self, client: trio.SocketStream) -> None:
        async with await trio.open_unix_socket(str(self._socket)) as server, trio.open_nursery() as nursery:
            nursery.start_soon(self._copy, client, server)
            nursery.start_soon(self._copy, server, client)

    async def _copy(self, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        try:
            async for data in source:
                if self._cut:
                    await trio.sleep_forever()
                await sink.send_all(data)
            if self._cut:
                await trio.sleep_forever()
            await sink.aclose()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return


@asynccontextmanager
async def cuttable_line(server_folder: Path, folder: Path) -> AsyncIterator[tuple[CuttableLine, str]]:
    """The line, and the URL to reach the server over it. `folder` is empty and ours."""
    line = CuttableLine(server_folder / _SOCKET)
    with trio.socket.socket(trio.socket.AF_UNIX) as listening:
        await listening.bind(str(folder / _SOCKET))
        listening.listen(16)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, line.carry, [trio.SocketListener(listening)])
            yield line, f"postgresql://callctl@/callctl?host={quote(str(folder), safe='')}"
            nursery.cancel_scope.cancel()
