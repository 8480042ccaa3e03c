"""Settings of what is kept, where and for how long."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from engine.config.kinds import Days, Milliseconds, Port, Seconds, section


class DatabaseConfig(BaseSettings):
    """PostgreSQL, for the records. Empty: not configured."""

    model_config = section("DATABASE_")
    url: SecretStr = SecretStr("")
    pool_size: int = Field(default=4, gt=0)
    statement_timeout_ms: Milliseconds = 5000


class RedisConfig(BaseSettings):
    """Redis or Valkey, for the sessions of calls. Empty: not configured."""

    model_config = section("REDIS_")
    url: SecretStr = SecretStr("")
    timeout: Seconds = 1.0


class RecordsConfig(BaseSettings):
    """What is put on record of calls, and where it waits while the database is away."""

    model_config = section("RECORDS_")
    engine: str = ""
    """This engine's name in the records: on its next start it closes what it left open. Empty: host name and port.
    Further processes of one name at the same time get a number: `shop:9092#2`."""
    spool_directory: Path | None = None
    """Empty: `spool` in callctl's state folder."""
    spool_megabytes: int = Field(default=512, gt=0)
    """What an engine may keep on disk; beyond, the oldest goes."""


class RetentionConfig(BaseSettings):
    """How many days what calls leave is kept, counted from the call. What only counts calls is kept for ever."""

    model_config = section("RETENTION_")
    turns_days: Days = 90
    tool_calls_days: Days = 90
    events_days: Days = 90
    llm_usage_days: Days = 90
    callers_days: Days = 365
    """After these a call, an order or booking made in it and a call-back no longer tell whose they are."""
    job_runs_days: Days = 365
    audit_days: Days = 365
    """Who looked at people's data, and who changed what."""


class SchedulerConfig(BaseSettings):
    """Who starts the jobs that are done by the clock, in CALL_TIMEZONE."""

    model_config = section("SCHEDULER_")
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9465
    stop_seconds: float = Field(default=300.0, ge=0)
    """How long jobs in progress may go on after SIGTERM."""


class BackupConfig(BaseSettings):
    """Copies of the database, made and rotated by callctl."""

    model_config = section("BACKUP_")
    directory: Path | None = None
    """Empty: `backups` in the state folder (/var/lib/callctl for root, else ~/.local/state/callctl)."""
    keep_daily: int = Field(default=7, gt=0)
    """The newest of each of so many days are kept."""
    keep_weekly: int = Field(default=4, ge=0)
    """Of those before, the newest of each of so many weeks."""
