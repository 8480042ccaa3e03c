"""What Asterisk's dialplan does around AudioSocket(): announce the call before it, ask what is next after it."""

from uuid import UUID

import httpx

SECRET_HEADER = "X-Callctl-Secret"


async def announce(
    client: httpx.AsyncClient,
    call_id: UUID,
    *,
    caller: str = "+380501234567",
    called: str = "100",
    channel: str = "PJSIP/trunk-00000001",
    secret: str = "",
    **more: str,
) -> bool:
    """Whether the engine (the client's base URL) takes the call. `more`: what else the dialplan may say of it
    (`intent`, `briefing_of`). Raises httpx.HTTPError."""
    body = {"uuid": str(call_id), "caller": caller, "called": called, "channel": channel, **more}
    response = await client.post("/internal/calls", json=body, headers=_headers(secret))
    response.raise_for_status()
    return bool(response.json()["answer"] == "accept")


async def next_step(client: httpx.AsyncClient, call_id: UUID, *, secret: str = "") -> tuple[str, str]:
    """`hangup` or `operator`, and the summary for the operator. No answer means operator, as in the dialplan."""
    try:
        response = await client.get(f"/internal/calls/{call_id}/next", headers=_headers(secret))
        response.raise_for_status()
    except httpx.HTTPError:
        return "operator", ""
    answer = response.json()
    return answer["next"], answer.get("summary") or ""


def _headers(secret: str) -> dict[str, str]:
    return {SECRET_HEADER: secret} if secret else {}
