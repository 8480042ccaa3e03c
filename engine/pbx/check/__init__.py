"""`callctl asterisk check`: what a call will need of Asterisk and of the engine, looked at before the first call."""

from engine.config import Config
from engine.errors import AmiAway, AmiError, AmiLoginRefused, ConfigError
from engine.pbx.ami_connection import open_ami
from engine.pbx.check.distance import check_distance
from engine.pbx.check.engine_side import check_audiosocket, check_globals, check_http
from engine.pbx.check.findings import Finding, Mark, all_well, fine, missing
from engine.pbx.check.manager import check_manager
from engine.pbx.check.reach import check_reach

__all__ = ["Finding", "Mark", "all_well", "check"]

_WHAT = "Asterisk's manager"
_REMEDIES = {
    AmiAway: "is Asterisk running? manager.conf: enabled = yes, and a bindaddr that AMI_HOST and AMI_PORT reach",
    AmiLoginRefused: "AMI_USER and AMI_SECRET must be a section of manager.conf and its secret, and its `permit` "
    "must let this machine in",
}


async def check(config: Config) -> list[Finding]:
    """Everything, in the order in which one would mend it. Raises `ConfigError`."""
    if not config.ami.host:
        raise ConfigError(
            "AMI_HOST is not set: Asterisk is asked by its manager (see ops/deploy/asterisk/manager.conf)"
        )
    return [
        *await _pbx(config),
        *await check_http(config.http, config.ami),
        *await check_audiosocket(config.audiosocket, config.ami),
    ]


async def _pbx(config: Config) -> list[Finding]:
    address = f"{config.ami.host}:{config.ami.port}"
    try:
        async with open_ami(config.ami) as ami:
            return [
                fine(_WHAT, f"{address}, logged in as {config.ami.user}"),
                *await check_manager(ami, config.operators),
                *await check_globals(ami, config.http, config.audiosocket),
                *await check_distance(ami, config.ami.host),
                *await check_reach(config.ami),
            ]
    except AmiError as error:
        return [missing(_WHAT, str(error), _REMEDIES.get(type(error), "see Asterisk's log"))]
