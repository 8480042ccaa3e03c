"""Settings of the PBX and of the people behind it."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from engine.config.hours import HolidaySetting, OpenHoursSetting
from engine.config.kinds import CommaSeparated, Port, Seconds, section


class AmiConfig(BaseSettings):
    """Asterisk's manager interface, for transfers and for who is in the queue. Without: the dialplan transfers."""

    model_config = section("AMI_")
    host: str = ""
    """Empty: not configured."""
    port: Port = 5038
    user: str = "callctl"
    """A section of manager.conf; needs write = call,reporting."""
    secret: SecretStr = SecretStr("")
    timeout: Seconds = 2.0
    """How long an answer is awaited."""


class OperatorsConfig(BaseSettings):
    """The people who answer when the bot does not."""

    model_config = section("OPERATORS_")
    queue: str = Field(default="operators", min_length=1)
    """Of queues.conf: asked who is logged in."""
    context: str = Field(default="callctl-operator", min_length=1)
    """Of the dialplan: where transferred callers go, to extension s."""
    hours: CommaSeparated[OpenHoursSetting] = ()
    """When somebody is there, in CALL_TIMEZONE: `Mon-Fri 09:00-18:00, Sat 10:00-15:00`. Empty: always."""
    holidays: CommaSeparated[HolidaySetting] = ()
    """When nobody is: `2027-01-01, 12-25`, the second in every year."""
