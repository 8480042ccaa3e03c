"""Configuration: one frozen class per component, each with its own environment prefix, read once.

`Config.from_env()` is called in `cli`; sections are then handed to those who need them. A mistake is a `ConfigError`
that names the variable. Values come from the environment, then from `.env` in the working directory.
"""

import ipaddress
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from engine.errors import ConfigError
from engine.prices import ModelPrice


def _section(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix,
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


type CommaSeparated[T] = Annotated[tuple[T, ...], NoDecode, BeforeValidator(_comma_separated)]

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Milliseconds = Annotated[int, Field(ge=0)]
Days = Annotated[int, Field(gt=0)]
Price = Annotated[Decimal, Field(ge=0)]


class AudioSocketConfig(BaseSettings):
    """Where Asterisk's AudioSocket connections come in."""

    model_config = _section("AUDIOSOCKET_")
    host: str = "127.0.0.1"
    port: Port = 9092
    allow: CommaSeparated[ipaddress.IPv4Network | ipaddress.IPv6Network] = (
        ipaddress.ip_network("127.0.0.0/8"),
        ipaddress.ip_network("::1/128"),
    )
    """Networks that may connect."""
    max_connections: int = Field(default=500, gt=0)
    max_connections_per_address: int = Field(default=500, gt=0)
    uuid_timeout: Seconds = 2.0
    stall_timeout: Seconds = 5.0
    """A peer that reads nothing for this long is cut off."""
    close_timeout: Seconds = 2.0
    """How long after our 0x00 the peer's EOF is awaited."""


class HttpConfig(BaseSettings):
    """The engine's own HTTP: health and the dialplan's questions, and metrics on a port of their own."""

    model_config = _section("HTTP_")
    host: str = "127.0.0.1"
    port: Port = 8080
    metrics_port: Port = 9464
    internal_secret: SecretStr = SecretStr("")
    """Shared with the dialplan for /internal/*. Empty: only loopback may ask."""


class CallConfig(BaseSettings):
    """A call's limits and manners."""

    model_config = _section("CALL_")
    max_calls: int = Field(default=200, gt=0)
    accept_unregistered: bool = True
    """Take calls the dialplan has not announced (the development default)."""
    max_duration: Seconds = 1800.0
    silence_prompt_after: Seconds = 8.0
    session_ttl: int = Field(default=1800, gt=0)
    language: str = "uk"
    timezone: ZoneInfo = ZoneInfo("Europe/Kyiv")
    drain_seconds: float = Field(default=300.0, ge=0)


class CostConfig(BaseSettings):
    """What vendors charge: list prices of 2026-11-22 without tax, from cloud.google.com/speech-to-text/pricing,
    cloud.google.com/text-to-speech/pricing (Chirp 3 HD) and platform.claude.com/docs/en/about-claude/pricing."""

    model_config = _section("COST_")
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

    model_config = _section("QUALITY_")
    model: str = "claude-haiku-4-5"
    concurrency: int = Field(default=4, ge=1, le=50)
    """Calls judged at once."""


class TurnConfig(BaseSettings):
    """Endpointing and barge-in. Times in milliseconds."""

    model_config = _section("TURN_")
    min_silence_ms: Milliseconds = 250
    """Silence after which a final transcript ends the turn."""
    expecting_more_ms: Milliseconds = 1200
    """The same while digits, a size, a plate or an address are expected or half said."""
    no_final_ms: Milliseconds = 1500
    """Silence after which an interim transcript is taken for final."""
    barge_in_hold_ms: Milliseconds = 80
    """Voiced audio over the bot after which playout is held."""
    barge_in_confirm_ms: Milliseconds = 600
    """Voiced audio after which a held utterance is interrupted even without words."""
    resume_after_ms: Milliseconds = 700
    """Silence without words after which a held utterance goes on."""
    filler_after_ms: Milliseconds = 1800
    """Thinking time after which a filler phrase is spoken."""
    apology_after_ms: Milliseconds = 12000
    """Thinking time after which the bot apologises and hands over."""


class GoogleConfig(BaseSettings):
    """Google Cloud Speech v2 and Text-to-Speech. Credentials by GOOGLE_APPLICATION_CREDENTIALS."""

    model_config = _section("GOOGLE_")
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

    model_config = _section("ANTHROPIC_")
    api_key: SecretStr = SecretStr("")
    base_url: str = ""
    model: str = "claude-haiku-4-5"
    max_tokens: int = Field(default=400, gt=0)
    first_event_timeout: Seconds = 6.0
    gap_timeout: Seconds = 4.0


class StoreConfig(BaseSettings):
    """The store's REST API."""

    model_config = _section("STORE_")
    base_url: str = ""
    """Up to, not including, /api/v1."""
    api_key: SecretStr = SecretStr("")
    timeout: Seconds = 5.0
    max_retries: int = Field(default=2, ge=0)
    patience: Seconds = 8.0
    """The longest a turn waits for the store, retries and back-off included."""


class DatabaseConfig(BaseSettings):
    """PostgreSQL, for the records. Empty: not configured."""

    model_config = _section("DATABASE_")
    url: SecretStr = SecretStr("")
    pool_size: int = Field(default=4, gt=0)
    statement_timeout_ms: Milliseconds = 5000


class SchedulerConfig(BaseSettings):
    """Who starts the jobs that are done by the clock, in CALL_TIMEZONE."""

    model_config = _section("SCHEDULER_")
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9465
    stop_seconds: float = Field(default=300.0, ge=0)
    """How long jobs in progress may go on after SIGTERM."""


class BackupConfig(BaseSettings):
    """Copies of the database, made and rotated by callctl."""

    model_config = _section("BACKUP_")
    directory: Path | None = None
    """Empty: `backups` in the state folder (/var/lib/callctl for root, else ~/.local/state/callctl)."""
    keep_daily: int = Field(default=7, gt=0)
    """The newest of each of so many days are kept."""
    keep_weekly: int = Field(default=4, ge=0)
    """Of those before, the newest of each of so many weeks."""


class RecordsConfig(BaseSettings):
    """What is put on record of calls, and where it waits while the database is away."""

    model_config = _section("RECORDS_")
    engine: str = ""
    """This engine's name in the records: on its next start it closes what it left open. Empty: host name and port."""
    spool_directory: Path | None = None
    """Empty: `spool` in callctl's state folder."""
    spool_megabytes: int = Field(default=512, gt=0)
    """What an engine may keep on disk; beyond, the oldest goes."""


class RedisConfig(BaseSettings):
    """Redis or Valkey, for the sessions of calls. Empty: not configured."""

    model_config = _section("REDIS_")
    url: SecretStr = SecretStr("")
    timeout: Seconds = 1.0


class RetentionConfig(BaseSettings):
    """How many days what calls leave is kept, counted from the call. What only counts calls is kept for ever."""

    model_config = _section("RETENTION_")
    turns_days: Days = 90
    tool_calls_days: Days = 90
    events_days: Days = 90
    llm_usage_days: Days = 90
    callers_days: Days = 365
    """After these a call, an order or booking made in it and a call-back no longer tell whose they are."""
    job_runs_days: Days = 365


class KnowledgeConfig(BaseSettings):
    """Where the shop's articles are."""

    model_config = _section("KNOWLEDGE_")
    directory: Path | None = None


class LogConfig(BaseSettings):
    """What is logged."""

    model_config = _section("LOG_")
    level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")


class Config:
    """All sections. Immutable by convention: built once, handed down in parts."""

    __slots__ = (
        "anthropic", "audiosocket", "backup", "call", "cost", "database", "google", "http", "knowledge", "log",
        "quality", "records", "redis", "retention", "scheduler", "store", "turn",
    )  # fmt: skip
    anthropic: AnthropicConfig
    audiosocket: AudioSocketConfig
    backup: BackupConfig
    call: CallConfig
    cost: CostConfig
    database: DatabaseConfig
    google: GoogleConfig
    http: HttpConfig
    knowledge: KnowledgeConfig
    log: LogConfig
    quality: QualityConfig
    records: RecordsConfig
    redis: RedisConfig
    retention: RetentionConfig
    scheduler: SchedulerConfig
    store: StoreConfig
    turn: TurnConfig

    @classmethod
    def from_env(cls, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Self:
        """Read every section; `overrides` ({section: {field: value}}) outrank the environment.
        Raises `ConfigError` naming each wrong variable."""
        config = cls()
        mistakes: list[str] = []
        for name, section in SECTIONS.items():
            try:
                setattr(config, name, section(**(overrides or {}).get(name, {})))
            except ValidationError as error:
                mistakes += _mistakes(section, error)
        if mistakes:
            raise ConfigError("; ".join(mistakes))
        return config


SECTIONS: Mapping[str, type[BaseSettings]] = {name: Config.__annotations__[name] for name in Config.__slots__}


def state_folder() -> Path:
    """What callctl keeps between runs: /var/lib/callctl for root, else callctl in the user's XDG state folder. Not
    created here."""
    if os.geteuid() == 0:
        return Path("/var/lib/callctl")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "callctl"


def variable(section: type[BaseSettings], field: str) -> str:
    """The environment variable of a field, e.g. `AUDIOSOCKET_PORT`."""
    return f"{section.model_config.get('env_prefix', '')}{field}".upper()


def _mistakes(section: type[BaseSettings], error: ValidationError) -> list[str]:
    return [f"{variable(section, str(e['loc'][0]))}: {e['msg']}" for e in error.errors(include_url=False)]
