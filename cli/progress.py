"""A bar below the lines of a long command while it works, on a terminal; elsewhere only the lines."""

from types import TracebackType
from typing import Self

from rich import progress
from rich.console import Console


class Progress:
    """Shown from entering to leaving, then gone."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._bar = progress.Progress(
            progress.BarColumn(), progress.TaskProgressColumn(), progress.TextColumn("{task.description}"),
            console=self._console, transient=True, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def moved(self, what: str, done: float, total: float | None) -> None:
        """`done` of `total`, in whatever unit, and what is worked on. `total` None: nobody knows."""
        self._bar.update(self._task, description=what, completed=done, total=total)

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, soft_wrap=True, markup=False)
