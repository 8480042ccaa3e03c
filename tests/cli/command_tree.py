"""Every command there is, and whether a command line is one of them."""

import shlex

from cli.reference import commands

__all__ = ["commands", "parse"]


def parse(line: str) -> str:
    """The command a line (`callctl dial --port 1`) is of. Raises what the command line would fail with."""
    words = shlex.split(line)
    name = next(path for path in sorted(commands(), key=len, reverse=True) if line.startswith(path))
    commands()[name].make_context(name, words[len(name.split()) :])
    return name
