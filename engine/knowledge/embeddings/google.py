"""Vertex AI text embeddings over REST: no SDK, the service account that speech has already.

Documented at cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings: 250 texts and 20,000 tokens
a request, 2,048 tokens a text; the Gemini models take one text a request. Vectors shortened by `outputDimensionality`
are not of unit length.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
import trio

from engine.config import GoogleConfig
from engine.errors import ConfigError, EmbeddingsError
from engine.knowledge.embeddings.base import Kind, Made, Vectors, unit
from engine.knowledge.embeddings.google_http import GoogleHttp, Patience
from engine.knowledge.embeddings.google_token import VENDOR, AccountToken, PlaintextToken

PROVIDER: Final = "google"
_TASKS: Final[Mapping[Kind, str]] = {"passage": "RETRIEVAL_DOCUMENT", "query": "RETRIEVAL_QUERY"}
_PATIENCE: Final[Mapping[Kind, Patience]] = {
    "query": Patience(a_try=1.5, altogether=2.0),
    "passage": Patience(a_try=20.0, altogether=120.0),
}
_TEXTS_A_REQUEST: Final = 250
_CHARACTERS_A_REQUEST: Final = 20_000
"""A token is a character at the least."""
_CONCURRENCY: Final = 8
_BATCH: Final = 64


class GoogleEmbedder:
    """Usable while its connections are open (`open_google`)."""

    def __init__(self, http: GoogleHttp, made: Made) -> None:
        self._http = http
        self._made = made
        self._free = trio.CapacityLimiter(_CONCURRENCY)
        self._at_once = 1 if made.model.startswith("gemini") else _TEXTS_A_REQUEST

    @property
    def made(self) -> Made:
        return self._made

    @property
    def batch(self) -> int:
        return _BATCH

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        vectors = np.empty((len(texts), self._made.dimensions), np.float32)
        failures: list[EmbeddingsError] = []
        async with trio.open_nursery() as nursery:

            async def ask(part: slice) -> None:
                try:
                    if kind == "query":  # never behind passages
                        vectors[part] = await self._ask(texts[part], kind)
                    else:
                        async with self._free:
                            vectors[part] = await self._ask(texts[part], kind)
                except EmbeddingsError as error:  # one is enough, and not in a group
                    failures.append(error)
                    nursery.cancel_scope.cancel()

            for part in requests(texts, self._at_once):
                nursery.start_soon(ask, part)
        if failures:
            raise failures[0]
        return unit(vectors)

    async def _ask(self, texts: Sequence[str], kind: Kind) -> Vectors:
        body = {
            "instances": [{"content": text, "task_type": _TASKS[kind]} for text in texts],
            "parameters": {"outputDimensionality": self._made.dimensions},
        }
        answer = await self._http.post(body, _PATIENCE[kind])
        vectors = _vectors(answer)
        if vectors.shape != (len(texts), self._made.dimensions):
            told = f"{len(texts)} vectors of {self._made.dimensions} dimensions were asked of {self._made.model}"
            raise EmbeddingsError(VENDOR, f"{told}, {vectors.shape} came: see EMBEDDINGS_GOOGLE_DIMENSIONS")
        return vectors


def requests(texts: Sequence[str], most: int) -> Iterator[slice]:
    """Cut so that no request exceeds the vendor's limits."""
    start = characters = 0
    for n, text in enumerate(texts):
        if n > start and (n - start == most or characters + len(text) > _CHARACTERS_A_REQUEST):
            yield slice(start, n)
            start, characters = n, 0
        characters += len(text)
    if start < len(texts):
        yield slice(start, len(texts))


def _vectors(answer: Any) -> Vectors:
    try:
        return np.array([each["embeddings"]["values"] for each in answer["predictions"]], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise EmbeddingsError(VENDOR, "unreadable answer") from error


@asynccontextmanager
async def open_google(google: GoogleConfig, endpoint: str, made: Made) -> AsyncGenerator[GoogleEmbedder]:
    """`endpoint`: a URL; empty for Google's own. Raises `ConfigError` without a project."""
    if not google.project:
        raise ConfigError("GOOGLE_PROJECT is not set: embeddings of Google are asked in a project")
    tokens = PlaintextToken() if google.plaintext else AccountToken(google.application_credentials)
    async with GoogleHttp(_url(google, endpoint, made.model), tokens, connections=4 * _CONCURRENCY) as http:
        yield GoogleEmbedder(http, made)


def _url(google: GoogleConfig, endpoint: str, model: str) -> str:
    host = endpoint.rstrip("/") or f"https://{google.location}-aiplatform.googleapis.com"
    return f"{host}/v1/projects/{google.project}/locations/{google.location}/publishers/google/models/{model}:predict"
