"""The checks of the dialplan's side that need no Asterisk."""

import pytest

from engine.config import Config
from ops.doctor import pbx


@pytest.mark.parametrize(
    ("http", "state"),
    [({}, "ok"), ({"public_url": "https://bot.example.ua"}, "failed"), ({"trusted_proxies": "127.0.0.1/32"}, "failed"),
     ({"public_url": "https://bot.example.ua", "internal_secret": "s3cret"}, "ok")],
)  # fmt: skip
async def test_behind_a_proxy_there_must_be_a_secret(http: dict[str, str], state: str) -> None:
    assert (await pbx.secret(Config.from_env({"http": http}))).state == state
