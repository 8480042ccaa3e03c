"""The dialplan's side: what `callctl asterisk check` finds, in a line, and whether the dialplan may ask at all."""

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


async def secret(config: Config) -> Finding:
    """There is one wherever this machine's own address does not tell the dialplan from others."""
    if config.http.internal_secret.get_secret_value():
        return ok("set")
    if config.http.is_behind_proxy:
        return failed("none, and behind a proxy (HTTP_PUBLIC_URL, HTTP_TRUSTED_PROXIES) no call is announced without")
    return ok("none: only this machine may ask")
