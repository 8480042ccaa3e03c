"""The checks there are, and what to do where one fails."""

from typing import Final

from engine.config import Config
from ops.doctor import data, machine, pbx, vendors
from ops.doctor.check import Check


def _no_database(config: Config) -> str:
    return "" if config.database.url.get_secret_value() else "DATABASE_URL"


def _no_redis(config: Config) -> str:
    return "" if config.redis.url.get_secret_value() else "REDIS_URL"


def _no_google(config: Config) -> str:
    return "" if config.google.project or config.google.speech_endpoint else "GOOGLE_PROJECT"


def _no_model(config: Config) -> str:
    return "" if config.anthropic.api_key.get_secret_value() else "ANTHROPIC_API_KEY"


def _no_store(config: Config) -> str:
    return "" if config.store.base_url else "STORE_BASE_URL"


def _no_manager(config: Config) -> str:
    return "" if config.ami.host else "AMI_HOST"


_GOOGLE: Final = (
    "check GOOGLE_PROJECT, GOOGLE_LOCATION and GOOGLE_APPLICATION_CREDENTIALS, that the API is enabled in the project "
    "and the account has the role, and that this machine reaches googleapis.com"
)

CHECKS: Final = (
    Check("database", data.database, "check DATABASE_URL (host, port, name, password) and that the server runs",
          _no_database),
    Check("extensions", data.extensions, "install pgvector 0.8 or newer (Debian: postgresql-NN-pgvector) and "
          "postgresql-contrib; then, as the database's superuser, CREATE EXTENSION vector, or ALTER EXTENSION vector "
          "UPDATE where there is an older one", _no_database),
    Check("schema", data.schema, "callctl db migrate", _no_database),
    Check("partitions", data.partitions, "callctl db migrate, then callctl partitions ensure", _no_database),
    Check("articles", data.articles, "callctl knowledge load DIR (ops/seed/knowledge has some to start from)",
          _no_database),
    Check("vectors", data.vectors, "callctl embeddings reindex", _no_database),
    Check("jobs", data.jobs, "see that callctl scheduler run is running, then callctl jobs history", _no_database),
    Check("back-up tools", data.backup_tools, "install postgresql-client of the server's version", _no_database),
    Check("redis", data.redis, "check REDIS_URL (host, port, password) and that the server runs", _no_redis),
    Check("speech to text", vendors.recognizer, _GOOGLE, _no_google),
    Check("text to speech", vendors.synthesizer, f"{_GOOGLE}; check GOOGLE_TTS_VOICE", _no_google),
    Check("model", vendors.model, "check ANTHROPIC_API_KEY, ANTHROPIC_MODEL, the account's credit, and that this "
          "machine reaches api.anthropic.com", _no_model),
    Check("embeddings", vendors.embeddings, f"{_GOOGLE}; check EMBEDDINGS_GOOGLE_MODEL", _no_google),
    Check("store", vendors.store, "check STORE_BASE_URL (up to, not including, /api/v1) and STORE_API_KEY, and ask the "
          "store's administrator", _no_store),
    Check("asterisk", pbx.asterisk, "callctl asterisk check", _no_manager),
    Check("dialplan's secret", pbx.secret, "set HTTP_INTERNAL_SECRET here and CALLCTL_SECRET in callctl-globals.conf"),
    Check("clock", machine.clock, "install chrony, or timedatectl set-ntp true"),
    Check("time zone", machine.time_zone, "install tzdata"),
    Check("open files", machine.open_files, "raise it: LimitNOFILE= in the systemd unit, ulimit -n in a shell"),
    Check("ports", machine.ports, "stop who has them (ss -ltnp shows who), or choose others"),
    Check("models", machine.models, "install callctl anew; for EMBEDDINGS_PROVIDER=local with the extra: "
          "pip install 'callctl[embedded]'"),
    Check("room for records", data.spool_room, "make room, or set RECORDS_SPOOL_DIRECTORY or RECORDS_SPOOL_MEGABYTES"),
    Check("room for back-ups", data.backup_room, "make room, or set BACKUP_DIRECTORY"),
)  # fmt: skip
