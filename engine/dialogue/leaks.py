"""What must never be spoken: the inside of prompts and tools. Pure.

Models now and then say a tool's name, its JSON or an id aloud. A sentence that looks so is dropped whole: half of it
would be no better. What is left of ordinary text (ISO dates, sizes) is `speech.verbalize`'s to read.
"""

import re
from typing import Final

_INTERNAL: Final = re.compile(
    r"[{}<>]|\[\s*[\"{]"  # JSON and tags
    r"|\b[a-z]+(?:_[a-z0-9]+)+\b"  # snake_case: tools, fields
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b"  # UUIDs, hashes
    r"|\b(?:tool_?u_?|toolu_|msg_|req_)\w{6,}",
    re.IGNORECASE,
)


def may_be_spoken(sentence: str) -> bool:
    """False for punctuation alone and for the inside of the machine."""
    return any(c.isalnum() for c in sentence) and not _INTERNAL.search(sentence)
