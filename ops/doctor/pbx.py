"""The Asterisk beside the engine: what `callctl asterisk check` finds, in a line."""

from engine.config import Config
from engine.pbx.check import Mark, check
from ops.doctor.check import Finding, failed, ok


async def asterisk(config: Config) -> Finding:
    """Logged in to its manager, and nothing that a call needs is missing there."""
    findings = await check(config)
    missing = [each for each in findings if each.mark is Mark.MISSING]
    if not missing:
        return ok(f"{len(findings)} things looked at, none missing")
    first, more = missing[0], len(missing) - 1
    told = f"{first.what}: {first.found}" + (f", and {more} more" if more else "")
    return failed(told, f"{first.remedy}; callctl asterisk check tells all")
