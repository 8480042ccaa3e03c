"""The providers there are, by name, and which of them the settings ask for."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from engine.config import Config
from engine.errors import ConfigError, EngineError
from engine.knowledge.embeddings import google, local
from engine.knowledge.embeddings.base import Embedder, Made


def wanted(config: Config) -> Made:
    """What the settings ask for."""
    embeddings = config.embeddings
    if embeddings.provider == local.PROVIDER:
        return local.MADE
    return Made(google.PROVIDER, embeddings.google_model, embeddings.google_dimensions)


def open_embedder(config: Config, made: Made) -> AbstractAsyncContextManager[Embedder]:
    """One whose vectors are comparable with those made so, whatever provider the settings ask for. Raises `ConfigError`
    where there is none, on this call or on entering."""
    opening = _OPENING.get(made.provider)
    if opening is None:
        raise ConfigError(f"EMBEDDINGS_PROVIDER: there is no provider {made.provider!r} any more")
    return opening(config, made)


async def with_embedder[T](config: Config, made: Made, work: Callable[[Embedder], Awaitable[T]]) -> T:
    """What `work` gives, with an open one. Raises what it raises of ours as it is, not in a group."""
    async with open_embedder(config, made) as embedder:
        try:
            result = await work(embedder)
            failure = None
        except EngineError as error:
            failure = error
    if failure is not None:
        raise failure
    return result


def _open_local(config: Config, made: Made) -> AbstractAsyncContextManager[Embedder]:
    if made != local.MADE:
        raise ConfigError(f"EMBEDDINGS_PROVIDER=local makes {local.MADE}, not {made}")
    return local.open_local()


def _open_google(config: Config, made: Made) -> AbstractAsyncContextManager[Embedder]:
    return google.open_google(config.google, config.embeddings.google_endpoint, made)


_OPENING: Final[Mapping[str, Callable[[Config, Made], AbstractAsyncContextManager[Embedder]]]] = {
    local.PROVIDER: _open_local,
    google.PROVIDER: _open_google,
}
