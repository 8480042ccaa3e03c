"""Token counts as the Messages API reports them, prompt cache included.

A prefix marked with `cache_control` is written once and read by later requests that begin with the same blocks, for
five minutes after each use; prefixes below a minimum length are not cached. A token is taken for four characters.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ops.emulators.anthropic_api_validation import cacheable_blocks

CHARACTERS_PER_TOKEN = 4
CACHE_TTL_S = 300.0
MIN_CACHED_TOKENS = 1024


def tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)


class PromptCache:
    """Remembers which prefixes were cached, and until when."""

    def __init__(self) -> None:
        self._expires: dict[bytes, float] = {}

    def usage(self, body: Mapping[str, Any], now: float) -> dict[str, int]:
        """The input side of `usage` for a checked request; `now` in seconds of any clock."""
        digest = hashlib.sha256(str(body["model"]).encode())
        total = read = cached = 0
        for block in cacheable_blocks(body):
            text = json.dumps(
                {key: value for key, value in block.items() if key != "cache_control"}, ensure_ascii=False
            )
            digest.update(text.encode())
            total += tokens(text)
            if "cache_control" in block and total >= MIN_CACHED_TOKENS:
                prefix = digest.digest()
                if self._expires.get(prefix, 0.0) > now:
                    read = total
                cached = total
                self._expires[prefix] = now + CACHE_TTL_S
        if isinstance(body.get("system"), str):
            total += tokens(body["system"])
        return {
            "input_tokens": total - cached,
            "cache_creation_input_tokens": cached - read,
            "cache_read_input_tokens": read,
        }
