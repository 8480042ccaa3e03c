"""Settings of the line and of the conversation on it."""

import ipaddress
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from engine.config.kinds import CommaSeparated, Milliseconds, Port, Seconds, section


class AudioSocketConfig(BaseSettings):
    """Where Asterisk's AudioSocket connections come in."""

    model_config = section("AUDIOSOCKET_")
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
    """The engine's own HTTP: health, the dialplan's questions, the API and the console; metrics on a port of their
    own."""

    model_config = section("HTTP_")
    host: str = "127.0.0.1"
    port: Port = 8080
    metrics_port: Port = 9464
    internal_secret: SecretStr = SecretStr("")
    """Shared with the dialplan for /internal/*. Empty: only loopback may ask, and behind a proxy nobody."""
    public_url: str = Field(default="", pattern=r"^(https?://[^/\s]+/?)?$")
    """Where people open the console, as in https://bot.example.ua. Empty: http, on HTTP_HOST and HTTP_PORT."""
    allowed_hosts: CommaSeparated[str] = ()
    """Names other than that of HTTP_PUBLIC_URL by which the API and the console may be asked. Addresses always may."""
    trusted_proxies: CommaSeparated[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
    """Networks of reverse proxies whose X-Forwarded-For is believed."""

    @property
    def is_behind_proxy(self) -> bool:
        """Whether these settings say so: then the address that a connection comes from tells nothing of who asks."""
        return bool(self.public_url or self.trusted_proxies)


class CallConfig(BaseSettings):
    """A call's limits and manners."""

    model_config = section("CALL_")
    max_calls: int = Field(default=200, gt=0)
    max_lateness_ms: int = Field(default=60, gt=0)
    """New callers go to the operators while more than one moment in twenty is later than this, and until as few are
    later than half of it."""
    realtime_priority: int = Field(default=0, ge=0, le=99)
    """Real-time priority of the thread that sends audio, 1 where others work on the machine; 0: none. It needs
    CAP_SYS_NICE or LimitRTPRIO=, which its systemd unit has."""
    accept_unregistered: bool = True
    """Take calls the dialplan has not announced (the development default)."""
    max_duration: Seconds = 1800.0
    silence_prompt_after: Seconds = 8.0
    session_ttl: int = Field(default=1800, gt=0)
    language: str = "uk"
    timezone: ZoneInfo = ZoneInfo("Europe/Kyiv")
    drain_seconds: float = Field(default=300.0, ge=0)


class TurnConfig(BaseSettings):
    """Endpointing and barge-in. Times in milliseconds."""

    model_config = section("TURN_")
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


class LogConfig(BaseSettings):
    """What is logged."""

    model_config = section("LOG_")
    level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
