"""The command reference of the README, made of what every command says of itself: `python -m cli.reference` puts it
there."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.main import app

README: Final = Path(__file__).parents[1] / "README.md"
BEGIN: Final = "<!-- reference -->\n"
END: Final = "<!-- end of reference -->\n"
_WIDTH: Final = 118
_INDENT: Final = 4
_FLAGS: Final = 30
"""Columns of what precedes an option's explanation."""


def reference() -> str:
    """Every command in alphabetical order, as a block of text."""
    pages = (_page(path, command) for path, command in sorted(commands().items()))
    return "```text\n" + "\n\n".join(pages) + "\n```\n"


def commands() -> dict[str, TyperCommand]:
    """`callctl config show` -> its command."""
    return dict(_leaves("callctl", get_command(app)))


def with_reference(readme: str) -> str:
    """The README's text with the reference as it is now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{reference()}{END}{after}"


def _leaves(path: str, command: Any) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _leaves(f"{path} {name}", inner)
    else:
        yield path, command


def _page(path: str, command: TyperCommand) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    records = [record for each in command.params if (record := each.get_help_record(context))]
    has_options = any(flags.startswith("-") for flags, _ in records)
    usage = " ".join([path, *command.collect_usage_pieces(context)[0 if has_options else 1 :]])
    paragraphs = [_paragraph(text) for text in inspect.cleandoc(command.help or "").split("\n\n")]
    options = "\n".join(_option(flags, explanation) for flags, explanation in records)
    return "\n\n".join([usage, *paragraphs, *([options] if options else [])])


def _paragraph(text: str) -> str:
    indent = " " * _INDENT
    return fill(" ".join(text.split()), _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _option(flags: str, explanation: str) -> str:
    head = f"{' ' * _INDENT}{flags}"
    between = "" if len(head) < _FLAGS else "\n"
    first = f"{head}{between}".ljust(_FLAGS) if not between else f"{head}\n{' ' * _FLAGS}"
    text = fill(" ".join(explanation.split()), _WIDTH - _FLAGS, subsequent_indent=" " * _FLAGS)
    return f"{first}{text}"


def main() -> None:
    README.write_text(with_reference(README.read_text()))


if __name__ == "__main__":
    main()
