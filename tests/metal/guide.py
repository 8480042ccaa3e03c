"""ops/deploy/systemd/README.md, to be followed to the letter."""

import re
from typing import Final

from tests.cli.running import ROOT

_GUIDE: Final = (ROOT / "ops/deploy/systemd/README.md").read_text()
_BLOCKS: Final[dict[str, str]] = dict(
    re.findall(r"^<!-- (\w+) -->\n```sh\n(.*?)^```$", _GUIDE, re.MULTILINE | re.DOTALL)
)


def block(name: str) -> str:
    """The commands below `<!-- name -->`."""
    return _BLOCKS[name]


def as_callctl(command: str) -> str:
    """A command of callctl's as the guide has the administrator give it."""
    function = re.search(r"^as_callctl\(\) \{.*?\}$", block("database"), re.MULTILINE | re.DOTALL)
    assert function is not None
    return f"{function[0]}\nas_callctl {command}"
