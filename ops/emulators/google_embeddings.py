"""The emulated text embeddings of Vertex AI: `models/{model}:predict`, and the token endpoint a service account asks.

Before: the engine's own adapter, with a key file whose `token_uri` is ours (or any bearer where the endpoint is asked
in plain text). After: `google_embeddings_vectors`. Limits and refusals are the vendor's, so that what passes here is
not refused there.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ops.emulators.faults import Faults
from ops.emulators.google_embeddings_vectors import vector_of
from ops.emulators.http_server import FaultyApp, HttpServer

MODELS: Final[Mapping[str, tuple[int, int]]] = {
    "gemini-embedding-001": (3072, 1),
    "text-multilingual-embedding-002": (768, 250),
}
"""Model -> its dimensions, and the texts a request may have."""
_TOKENS_A_REQUEST: Final = 20_000
_CHARACTERS_A_TOKEN: Final = 4
_STATUS: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PLAINTEXT: Final = "plaintext"
"""The token of who asks without credentials, on a trusted network."""


class _Instance(BaseModel):
    content: str = Field(min_length=1)
    task_type: Literal["RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"] = "RETRIEVAL_QUERY"
    title: str = ""


class _Parameters(BaseModel):
    autoTruncate: bool = True
    outputDimensionality: int | None = Field(default=None, gt=0)


class _Prediction(BaseModel):
    instances: list[_Instance] = Field(min_length=1)
    parameters: _Parameters = _Parameters()


@dataclass(slots=True)
class EmbeddingsSettings:
    plaintext: bool = True
    """Take who has no token of ours but says so."""
    token_seconds: float = 3600


@dataclass(slots=True)
class EmbeddingsCounters:
    requests: int = 0
    refused: int = 0
    tokens_issued: int = 0
    texts: dict[str, int] = field(default_factory=dict)
    """By task type."""


class GoogleEmbeddingsEmulator:
    """The emulator; `start` and `stop` own its port."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.settings = EmbeddingsSettings()
        self._counters = EmbeddingsCounters()
        self._issued: set[str] = set()
        app = FastAPI(title="Emulated text embeddings", openapi_url=None)
        path = "/v1/projects/{project}/locations/{location}/publishers/google/models/{model}:predict"
        app.add_api_route(path, self._predict, methods=["POST"])
        app.add_api_route("/token", self._token, methods=["POST"])
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HTTPException, self._refused)
        self._faulty = FaultyApp(app, faults, _refusal)
        self._server = HttpServer(self._faulty)

    async def start(self, host: str, port: int) -> int:
        return await self._server.start(host, port)

    async def stop(self) -> None:
        await self._server.stop()

    def counters(self) -> Mapping[str, Any]:
        return {**asdict(self._counters), "abandoned": self._faulty.abandoned}

    def reset_counters(self) -> None:
        self._counters = EmbeddingsCounters()
        self._faulty.abandoned = 0

    async def _token(self, request: Request) -> Response:
        """RFC 7523. The signature is not checked: whose key it would be is the vendor's business."""
        asked = parse_qs((await request.body()).decode())
        if asked.get("grant_type") != [_GRANT] or asked.get("assertion", [""])[0].count(".") != 2:
            return JSONResponse({"error": "invalid_grant", "error_description": "a signed JWT is needed"}, 400)
        self._counters.tokens_issued += 1
        token = secrets.token_urlsafe(24)
        self._issued.add(token)
        seconds = self.settings.token_seconds
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)})

    async def _predict(self, request: Request, model: str, asked: _Prediction) -> Response:
        self._counters.requests += 1
        self._check_token(request)
        dimensions = self._check_limits(model, asked)
        for each in asked.instances:
            self._counters.texts[each.task_type] = self._counters.texts.get(each.task_type, 0) + 1
        return JSONResponse({
            "predictions": [_answer(each, dimensions) for each in asked.instances],
            "metadata": {"billableCharacterCount": sum(len(each.content) for each in asked.instances)},
        })  # fmt: skip

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        taken = token in self._issued or (self.settings.plaintext and token == PLAINTEXT)
        if scheme.lower() != "bearer" or not taken:
            raise HTTPException(401, "Request had invalid authentication credentials.")

    def _check_limits(self, model: str, asked: _Prediction) -> int:
        """The dimensions of what is asked for."""
        if model not in MODELS:
            raise HTTPException(404, f"Publisher Model `{model}` was not found.")
        most, at_once = MODELS[model]
        if len(asked.instances) > at_once:
            raise HTTPException(400, f"{len(asked.instances)} instance(s) is too many; the maximum is {at_once}.")
        if sum(len(each.content) for each in asked.instances) > _TOKENS_A_REQUEST * _CHARACTERS_A_TOKEN:
            raise HTTPException(400, f"The input token count exceeds the maximum of {_TOKENS_A_REQUEST}.")
        dimensions = asked.parameters.outputDimensionality or most
        if dimensions > most:
            raise HTTPException(400, f"outputDimensionality must be at most {most}.")
        return dimensions

    async def _invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        self._counters.refused += 1
        return _error(400, "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        self._counters.refused += 1
        return _error(error.status_code, str(error.detail))


def _answer(instance: _Instance, dimensions: int) -> dict[str, Any]:
    tokens = max(1, len(instance.content) // _CHARACTERS_A_TOKEN)
    return {
        "embeddings": {
            "values": vector_of(instance.content, dimensions).tolist(),
            "statistics": {"truncated": False, "token_count": tokens},
        }
    }


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": status, "message": message, "status": _STATUS.get(status, "")}}, status)


def _refusal(status: int, retry_after_s: float | None) -> Response:
    answer = _error(status, "Quota exceeded." if status == 429 else "The service is currently unavailable.")
    if retry_after_s is not None:
        answer.headers["Retry-After"] = f"{retry_after_s:g}"
    return answer
