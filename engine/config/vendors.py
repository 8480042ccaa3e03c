"""Settings of whoever is asked: vendors, the store, the knowledge base; what they cost and who judges calls."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from engine.config.kinds import CommaSeparated, Price, Seconds, section
from engine.prices import ModelPrice


class GoogleConfig(BaseSettings):
    """Google Cloud Speech v2 and Text-to-Speech. Credentials by GOOGLE_APPLICATION_CREDENTIALS."""

    model_config = section("GOOGLE_")
    application_credentials: Path | None = None
    project: str = ""
    location: str = "europe-west4"
    speech_endpoint: str = ""
    """host:port; empty: `{location}-speech.googleapis.com`."""
    speech_model: str = "chirp_2"
    speech_languages: CommaSeparated[str] = ("uk-UA", "ru-RU")
    speech_stream_seconds: Seconds = 280.0
    """A stream is handed over to a new one before Google's five minutes are up."""
    tts_endpoint: str = ""
    """host:port; empty: `texttospeech.googleapis.com`."""
    tts_voice: str = "uk-UA-Chirp3-HD-Kore"
    tts_streaming: bool = True
    tts_rate: float = Field(default=1.0, ge=0.25, le=2.0)
    plaintext: bool = False
    """gRPC without TLS and credentials, for an endpoint on a trusted network."""
    channels: int = Field(default=4, gt=0)
    timeout: Seconds = 5.0


class AnthropicConfig(BaseSettings):
    """The language model."""

    model_config = section("ANTHROPIC_")
    api_key: SecretStr = SecretStr("")
    base_url: str = ""
    model: str = "claude-haiku-4-5"
    max_tokens: int = Field(default=400, gt=0)
    first_event_timeout: Seconds = 6.0
    gap_timeout: Seconds = 4.0


class StoreConfig(BaseSettings):
    """The store's REST API."""

    model_config = section("STORE_")
    base_url: str = ""
    """Up to, not including, /api/v1."""
    api_key: SecretStr = SecretStr("")
    timeout: Seconds = 5.0
    max_retries: int = Field(default=2, ge=0)
    patience: Seconds = 8.0
    """The longest a turn waits for the store, retries and back-off included."""


class KnowledgeConfig(BaseSettings):
    """Where the shop's articles are."""

    model_config = section("KNOWLEDGE_")
    directory: Path | None = None
    """What `callctl knowledge load` loads where it is told nothing else, and what the embedded PostgreSQL is filled
    with while it is empty. Not set: for the latter the sample articles."""


class EmbeddingsConfig(BaseSettings):
    """Who turns texts into vectors for the knowledge base. After a change: `callctl embeddings reindex`."""

    model_config = section("EMBEDDINGS_")
    provider: Literal["local", "google"] = "local"
    """local: multilingual-e5-small in a process of our own, offline. google: Vertex AI, of GOOGLE_PROJECT in
    GOOGLE_LOCATION."""
    google_model: str = "gemini-embedding-001"
    google_dimensions: int = Field(default=768, gt=0, le=3072)
    """At most 3072: the most that a model of Google has. pgvector indexes halves of up to 4000."""
    google_endpoint: str = ""
    """A URL; empty: `https://{location}-aiplatform.googleapis.com`."""
    rate: float = Field(default=20.0, gt=0)
    """Texts a second that a reindex may have embedded."""


class CostConfig(BaseSettings):
    """What vendors charge: list prices of 2026-11-22 without tax, from cloud.google.com/speech-to-text/pricing,
    cloud.google.com/text-to-speech/pricing (Chirp 3 HD) and platform.claude.com/docs/en/about-claude/pricing."""

    model_config = section("COST_")
    currency: str = "USD"
    speech_minute: Price = Decimal("0.016")
    """A minute of audio sent to the recogniser."""
    voice_million_characters: Price = Decimal(30)
    """A million characters sent to the synthesiser."""
    models: CommaSeparated[Annotated[ModelPrice, BeforeValidator(ModelPrice.parse)]] = (
        ModelPrice.parse("claude-haiku-4-5=1/5/0.10/1.25"),
        ModelPrice.parse("claude-sonnet-5=2/10/0.20/2.50"),
        ModelPrice.parse("claude-opus-5=5/25/0.50/6.25"),
    )
    """model=input/output/cache read/cache write: a million tokens of each."""


class QualityConfig(BaseSettings):
    """The judge of finished calls."""

    model_config = section("QUALITY_")
    model: str = "claude-haiku-4-5"
    concurrency: int = Field(default=4, ge=1, le=50)
    """Calls judged at once."""
