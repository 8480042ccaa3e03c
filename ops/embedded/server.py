"""The life of a server from a wheel, said once: claim a folder, start a child in it, stop both."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.config import state_folder
from ops.embedded.account import server_account
from ops.embedded.child import Child
from ops.embedded.directory import ClaimedDirectory


class EmbeddedServer(ABC):
    """From `start` to `stop`, or as a context manager. All methods block: call them in a thread."""

    def __init__(self, name: str, directory: Path | None) -> None:
        """`directory` defaults to the state folder's `name`."""
        self._account = server_account()
        self._copies = state_folder() / "binaries"
        self._claim = ClaimedDirectory(directory or state_folder() / name, self._account)
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """For its clients. Valid while started."""

    @abstractmethod
    def _launch(self) -> None:
        """In the claimed folder: clear away what a crash left, start the child, return when it answers."""

    def start(self) -> None:
        """Return when clients are welcome. Raises `EmbeddedServerError`."""
        self._claim.claim()
        try:
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and release the folder."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        self._claim.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
