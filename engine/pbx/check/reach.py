"""Whether Asterisk itself reaches the engines its dialplan knows: it is made to ask each for its health."""

from engine.config import AmiConfig
from engine.errors import AmiAway
from engine.pbx.ami_connection import open_ami
from engine.pbx.check.findings import Finding, fine, missing, unknown
from engine.pbx.check.manager import engines_of, value_of


async def check_reach(config: AmiConfig) -> list[Finding]:
    """Raises `AmiError`."""
    async with open_ami(config) as ami:
        engines = await engines_of(ami)
    return [await _reached(config, engine.partition(",")[2]) for engine in engines]


async def _reached(config: AmiConfig, web: str) -> Finding:
    what, url = f"from Asterisk to {web}", f"{web}/healthz"
    try:
        async with open_ami(config) as ami:  # of its own: where nothing answers, CURL() holds it up for minutes
            answer = await value_of(ami, f"CURL({url})")
    except AmiAway:
        answer = ""
    if answer is None:
        return unknown(what, "not told", f"try on Asterisk's machine: curl {url}")
    if "alive" not in answer:
        return missing(
            what,
            "Asterisk gets no answer",
            f"is the engine up, its HTTP_HOST open to Asterisk, func_curl loaded? Try there: curl {url}",
        )
    return fine(what, "Asterisk gets an answer")
