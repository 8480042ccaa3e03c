"""Who we are, to Google: a service account's key file exchanged for an access token, renewed before it runs out.

google-auth is synchronous, so it works in a thread; a token lasts an hour.
"""

from pathlib import Path
from typing import Any, Final, Protocol

import trio

from engine.errors import EmbeddingsError

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
VENDOR: Final = "google embeddings"


class TokenSource(Protocol):
    async def token(self) -> str:
        """Valid for a few minutes at least. Raises `EmbeddingsError`."""
        ...


class PlaintextToken:
    """For an endpoint on a trusted network that takes any (GOOGLE_PLAINTEXT)."""

    async def token(self) -> str:
        return "plaintext"


class AccountToken:
    """Of a service account's key file, or of what the machine has (None)."""

    def __init__(self, key_file: Path | None) -> None:
        self._key_file = key_file
        self._credentials: Any = None
        self._renewing = trio.Lock()

    async def token(self) -> str:
        async with self._renewing:
            if self._credentials is None or not self._credentials.valid:
                await trio.to_thread.run_sync(self._renew, abandon_on_cancel=True)
            return str(self._credentials.token)

    def _renew(self) -> None:
        """Imports the library late: it takes as long as the rest of a start."""
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.requests import Request

        try:
            credentials = self._credentials or _load(self._key_file)
            credentials.refresh(Request())
        except TransportError as error:
            raise EmbeddingsError(VENDOR, f"no access token: {type(error).__name__}", retryable=True) from error
        except (GoogleAuthError, OSError, ValueError) as error:
            told = f"GOOGLE_APPLICATION_CREDENTIALS gives no access token: {error}"
            raise EmbeddingsError(VENDOR, told) from error
        self._credentials = credentials


def _load(key_file: Path | None) -> Any:
    import google.auth
    from google.oauth2 import service_account

    account: Any = service_account.Credentials
    if key_file is None:
        credentials, _ = google.auth.default(scopes=_SCOPES)
        return credentials
    return account.from_service_account_file(str(key_file), scopes=_SCOPES)
