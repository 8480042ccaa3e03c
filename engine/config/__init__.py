"""Configuration: one frozen class per component, each with its own environment prefix, read once.

`Config.from_env()` is called in `cli`; sections are then handed to those who need them. A mistake is a `ConfigError`
that names the variable. Values come from the environment, then from `.env` in the working directory.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from engine.config.calls import AudioSocketConfig, CallConfig, HttpConfig, LogConfig, TurnConfig
from engine.config.keeping import (
    BackupConfig,
    DatabaseConfig,
    RecordsConfig,
    RedisConfig,
    RetentionConfig,
    SchedulerConfig,
)
from engine.config.pbx import AmiConfig, OperatorsConfig
from engine.config.vendors import (
    AnthropicConfig,
    CostConfig,
    EmbeddingsConfig,
    GoogleConfig,
    KnowledgeConfig,
    QualityConfig,
    StoreConfig,
)
from engine.errors import ConfigError

__all__ = [
    "SECTIONS",
    "AmiConfig",
    "AnthropicConfig",
    "AudioSocketConfig",
    "BackupConfig",
    "CallConfig",
    "Config",
    "CostConfig",
    "DatabaseConfig",
    "EmbeddingsConfig",
    "GoogleConfig",
    "HttpConfig",
    "KnowledgeConfig",
    "LogConfig",
    "OperatorsConfig",
    "QualityConfig",
    "RecordsConfig",
    "RedisConfig",
    "RetentionConfig",
    "SchedulerConfig",
    "StoreConfig",
    "TurnConfig",
    "state_folder",
    "variable",
]


class Config:
    """All sections. Immutable by convention: built once, handed down in parts."""

    __slots__ = (
        "ami", "anthropic", "audiosocket", "backup", "call", "cost", "database", "embeddings", "google", "http",
        "knowledge", "log", "operators", "quality", "records", "redis", "retention", "scheduler", "store", "turn",
    )  # fmt: skip
    ami: AmiConfig
    anthropic: AnthropicConfig
    audiosocket: AudioSocketConfig
    backup: BackupConfig
    call: CallConfig
    cost: CostConfig
    database: DatabaseConfig
    embeddings: EmbeddingsConfig
    google: GoogleConfig
    http: HttpConfig
    knowledge: KnowledgeConfig
    log: LogConfig
    operators: OperatorsConfig
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
    """What callctl keeps between runs: callctl in XDG_STATE_HOME; where that is not set, /var/lib/callctl for root, and
    for others in their own folder for such things. Not created here."""
    usual = Path("/var/lib") if os.geteuid() == 0 else Path.home() / ".local" / "state"
    return Path(os.environ.get("XDG_STATE_HOME") or usual) / "callctl"


def variable(section: type[BaseSettings], field: str) -> str:
    """The environment variable of a field, e.g. `AUDIOSOCKET_PORT`."""
    return f"{section.model_config.get('env_prefix', '')}{field}".upper()


def _mistakes(section: type[BaseSettings], error: ValidationError) -> list[str]:
    return [f"{variable(section, str(e['loc'][0]))}: {e['msg']}" for e in error.errors(include_url=False)]
