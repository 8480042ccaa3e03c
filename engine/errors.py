"""Every error of the engine, in one tree.

Blame is split: a wire error is ours (`Local`) or the peer's (`Remote`); a vendor error says whether asking
again may help (`retryable`). Library errors are converted at the adapter that owns the library; above the
adapters only these are seen.
"""


class EngineError(Exception):
    """The root: something the engine itself names."""


class ConfigError(EngineError):
    """A setting is missing or wrong; the message names the variable and the remedy."""


class ProtocolError(EngineError):
    """A wire's rules were broken."""


class LocalProtocolError(ProtocolError):
    """We tried to send what the wire does not allow: a bug of ours."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the wire does not allow."""


class TransportClosed(EngineError):
    """The media connection is gone; `reason` says who ended it and how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class VendorError(EngineError):
    """A vendor failed. `retryable`: the same request may succeed if made again."""

    def __init__(self, vendor: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{vendor}: {message}")
        self.vendor = vendor
        self.retryable = retryable


class RecognizerError(VendorError):
    """Speech recognition failed."""


class SynthesizerError(VendorError):
    """Speech synthesis failed."""


class ModelError(VendorError):
    """The language model failed."""


class ModelRefused(ModelError):
    """The language model will never take this very request; another one it may."""


class UnreadableAnswer(ModelError):
    """The language model answered, but what it said cannot be read."""


class EmbeddingsError(VendorError):
    """Text could not be turned into vectors."""


class ReindexError(EngineError):
    """A set of embeddings cannot be built or changed now; the message says why and what to do."""


class StoreError(VendorError):
    """The store's API failed or is out of reach (also while its breaker is open)."""


class StoreRejected(StoreError):
    """The store answered, and the answer is no: 400, 401, 404, 422. Never retryable, never counts as illness."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__("store", f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.detail = message


class DatabaseError(EngineError):
    """PostgreSQL is out of reach or refused."""


class DataRefused(DatabaseError):
    """PostgreSQL will never take these data: a wrong value, a broken constraint."""


class SchemaError(DatabaseError):
    """The database is of another version than this program."""


class DatabaseAway(DatabaseError):
    """PostgreSQL is out of reach, or was too slow: the same work may succeed later."""


class LockLost(DatabaseError):
    """Another may have begun what we alone were doing."""


class SpoolError(EngineError):
    """The disk does not take the records."""


class ErasureRefused(EngineError):
    """A person's data cannot be erased now without some coming back; the message says what to do first."""


class CacheError(EngineError):
    """Redis is out of reach or refused."""


class AmiError(EngineError):
    """Asterisk's manager interface is of no help."""


class AmiAway(AmiError):
    """Out of reach, gone, or silent: what was asked may or may not have been done."""


class AmiLoginRefused(AmiError):
    """It knows no such user with such a secret, from here."""


class AmiRefused(AmiError):
    """It answered, and the answer is no."""


class AmiNoChannel(AmiRefused):
    """The channel asked about is no more: its caller has hung up."""
