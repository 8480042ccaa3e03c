"""Random secrets of ours: handed out once, kept as a hash. Pure but for the randomness.

Being 256 random bits they need no slow hash: nobody can try them all.
"""

import hashlib
import hmac
import secrets
from typing import Final

_BYTES: Final = 32
_CSRF: Final = b"callctl csrf"


def new_token() -> str:
    """43 characters that are safe in a URL and a cookie."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session: str) -> str:
    """Follows from the session's token and tells nothing of it: kept nowhere."""
    return hmac.new(session.encode(), _CSRF, hashlib.sha256).hexdigest()


def same(given: str, expected: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
