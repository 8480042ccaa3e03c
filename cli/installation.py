"""The settings that commands beside `callctl serve` go by: what is configured and, where no database is, the embedded
one that runs here."""

from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from engine.config import Config

NO_DATABASE: Final = (
    "DATABASE_URL is not set, and no `callctl serve` runs here with a database of its own: "
    "set it in the environment or in .env, or start one"
)


def in_force(given: dict[str, dict[str, Any]] | None = None) -> "Config":
    """`given`: as for `Config.from_env`. Raises `ConfigError`."""
    from engine.config import Config

    config = Config.from_env(given)
    if config.database.url.get_secret_value():
        return config
    from ops.embedded.running import running_servers

    running = running_servers(config)
    if "database" not in running:
        return config
    typer.echo("DATABASE_URL is not set: this is the database that `callctl serve` has started here", err=True)
    return Config.from_env({**(given or {}), **running})
