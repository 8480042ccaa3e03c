"""The application of `tests.web`, as browsers see it."""

from tests.web.conftest import config, database, site

__all__ = ["config", "database", "site"]
