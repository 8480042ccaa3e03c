"""The engine's side: its two ports as the dialplan will use them, and whether both know the same secret."""

import ipaddress
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import httpx
import trio

from engine.config import AmiConfig, AudioSocketConfig, HttpConfig
from engine.pbx.ami_connection import Asker
from engine.pbx.check.distance import is_here
from engine.pbx.check.findings import Finding, fine, missing, unknown
from engine.pbx.check.manager import engines_of, value_of

SECRET_HEADER: Final = "X-Callctl-Secret"
_SECONDS: Final = 2.0
_WRONG: Final = "certainly-not-the-secret"
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
"""Listening there, an engine is reached here."""
_SERVE: Final = "start it with callctl serve, or set {} to where it is"


async def check_audiosocket(config: AudioSocketConfig, ami: AmiConfig) -> list[Finding]:
    """That it listens, and lets Asterisk in."""
    host, what = _reached_at(config.host), f"AudioSocket at {_reached_at(config.host)}:{config.port}"
    try:
        with trio.fail_after(_SECONDS):
            stream = await trio.open_tcp_stream(host, config.port)
    except (OSError, trio.TooSlowError):
        return [missing(what, "nobody listens", _SERVE.format("AUDIOSOCKET_HOST and AUDIOSOCKET_PORT"))]
    await stream.aclose()
    return [fine(what, "listens"), *_admitted(config, ami)]


async def check_http(config: HttpConfig, ami: AmiConfig) -> list[Finding]:
    """That it answers the dialplan, and nobody else."""
    host = _reached_at(config.host)
    base, what = f"http://{f'[{host}]' if ':' in host else host}:{config.port}", "the engine's HTTP"
    async with httpx.AsyncClient(base_url=base, timeout=_SECONDS, trust_env=False) as client:
        try:
            alive = await client.get("/healthz")
            if alive.status_code != HTTPStatus.OK:
                return [missing(what, f"{base}/healthz answers {alive.status_code}", "is it callctl that listens?")]
            return [fine(what, f"{base} answers"), *await _asked_as_dialplan(client, config, ami)]
        except httpx.HTTPError:
            return [missing(what, f"nobody answers at {base}", _SERVE.format("HTTP_HOST and HTTP_PORT"))]


async def check_globals(ami: Asker, http: HttpConfig, audiosocket: AudioSocketConfig) -> list[Finding]:
    """That the dialplan knows this engine and its secret. Raises `AmiAway`."""
    secret = await value_of(ami, "CALLCTL_SECRET")
    if secret is None:
        return [unknown("the dialplan's variables", "not told", "once this user has write = reporting, check again")]
    if secret == http.internal_secret.get_secret_value():
        found = [fine("the dialplan's secret", "CALLCTL_SECRET is HTTP_INTERNAL_SECRET")]
    else:
        found = [
            missing(
                "the dialplan's secret",
                "CALLCTL_SECRET is not HTTP_INTERNAL_SECRET",
                "give both the same value: the first in callctl-globals.conf",
            )
        ]
    return [*found, _knows_us(await engines_of(ami), http, audiosocket)]


def _knows_us(engines: list[str], http: HttpConfig, audiosocket: AudioSocketConfig) -> Finding:
    what, ours = "the dialplan's engines", (f":{audiosocket.port}", f":{http.port}")
    if not engines:
        return missing(
            what,
            "CALLCTL_ENGINE_1 is empty",
            "set it in callctl-globals.conf, which stands below [globals], and reload the dialplan",
        )
    for engine in engines:
        media, _, web = engine.partition(",")
        if (media[-len(ours[0]) :], web.rstrip("/")[-len(ours[1]) :]) == ours:
            return fine(what, "; ".join(engines))
    return unknown(
        what,
        f"{'; '.join(engines)}: none with the ports {ours[0][1:]} and {ours[1][1:]} of this engine",
        "right only if a balancer stands between",
    )


async def _asked_as_dialplan(client: httpx.AsyncClient, config: HttpConfig, ami: AmiConfig) -> list[Finding]:
    secret = config.internal_secret.get_secret_value()
    if not secret and config.is_behind_proxy:
        return [
            missing(
                "the engine's secret",
                "none, and behind a proxy nobody may ask without one",
                "set HTTP_INTERNAL_SECRET here and CALLCTL_SECRET in callctl-globals.conf",
            )
        ]
    right = await _ask_next(client, secret)
    if right != HTTPStatus.OK:
        return [
            missing(
                "the engine's secret",
                f"the engine answers {right}",
                "it runs with another HTTP_INTERNAL_SECRET than this command: restart it",
            )
        ]
    if secret:
        if (wrong := await _ask_next(client, _WRONG)) != HTTPStatus.UNAUTHORIZED:
            return [
                missing(
                    "the engine's secret",
                    f"a wrong one is answered {wrong}",
                    "it runs without HTTP_INTERNAL_SECRET: restart it",
                )
            ]
        return [fine("the engine's secret", "the right one is taken, a wrong one refused")]
    if not is_here(ami.host):
        return [
            missing(
                "the engine's secret",
                f"none, so that only this machine may ask, and Asterisk is {ami.host}",
                "set HTTP_INTERNAL_SECRET here and CALLCTL_SECRET in callctl-globals.conf",
            )
        ]
    return [fine("the engine's secret", "none: only this machine may ask")]


async def _ask_next(client: httpx.AsyncClient, secret: str) -> int:
    headers = httpx.Headers({SECRET_HEADER: secret} if secret else {}, encoding="utf-8")
    return (await client.get(f"/internal/calls/{uuid4()}/next", headers=headers)).status_code


def _admitted(config: AudioSocketConfig, ami: AmiConfig) -> list[Finding]:
    """Whether Asterisk's address may send audio; nothing where AMI_HOST is a name: it may have several."""
    try:
        address = ipaddress.ip_address(ami.host)
    except ValueError:
        return []
    if any(address in network for network in config.allow):
        return [fine("AudioSocket's networks", f"{address} may send audio")]
    return [
        missing(
            "AudioSocket's networks",
            f"{address} may send no audio",
            f"add {address}/{address.max_prefixlen} to AUDIOSOCKET_ALLOW",
        )
    ]


def _reached_at(host: str) -> str:
    return _ANYWHERE.get(host, host)
