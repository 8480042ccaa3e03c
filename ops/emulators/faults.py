"""The faults an emulated vendor plays on demand: late, failing, cut off, or silent in the middle.

Before: `control` sets the fields. After: each emulator asks `before_answer` once a request and `before_event` once a
streamed event. An injected fault arrives as `FaultInjected`; turning it into the wire's own failure (a status, a closed
socket) is the emulator's job, because only it knows its wire. All on one event loop; not safe across threads.
"""

import asyncio
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

type FaultKind = Literal["fail", "cut", "stall"]


class FaultInjected(Exception):
    """Play this fault now. `code`: an HTTP status or a gRPC status name, for `fail` only."""

    def __init__(self, kind: FaultKind, code: str = "") -> None:
        super().__init__(f"{kind} {code}".strip())
        self.kind: FaultKind = kind
        self.code = code


@dataclass(slots=True)
class Faults:
    """What goes wrong next. The `*_next` fields count down, one a request; the others stay until reset."""

    delay_ms: float = 0
    """Every answer begins this much later."""
    stall_after: int | None = None
    """A stream falls silent for good, its connection open, after this many events."""
    fail_next: int = 0
    """This many requests are refused with `fail_code`."""
    fail_code: str = "503"
    """An HTTP status ("503") or a gRPC status name ("UNAVAILABLE")."""
    retry_after_s: float | None = None
    """What a refusal advises, where the wire can say it."""
    cut_next: int = 0
    """This many requests end with a dropped connection: at once, or after `cut_after` events of a stream."""
    cut_after: int = 0
    stall_next: int = 0
    """This many requests are accepted and never answered."""

    async def before_answer(self) -> None:
        """Wait the delay; then raise `FaultInjected` if this request is to fail. Call once, before any answer.

        A cut with `cut_after` above 0 is left to `before_event`."""
        if self.delay_ms > 0:
            await asyncio.sleep(self.delay_ms / 1000)
        if self.fail_next > 0:
            self.fail_next -= 1
            raise FaultInjected("fail", self.fail_code)
        if self.cut_next > 0 and self.cut_after == 0:
            self.cut_next -= 1
            raise FaultInjected("cut")
        if self.stall_next > 0:
            self.stall_next -= 1
            raise FaultInjected("stall")

    def before_event(self, index: int) -> None:
        """Call before streamed event `index` (from 0); raises `FaultInjected` of kind cut or stall when it is due."""
        if self.cut_next > 0 and 0 < self.cut_after <= index:
            self.cut_next -= 1
            raise FaultInjected("cut")
        if self.stall_after is not None and index >= self.stall_after:
            raise FaultInjected("stall")

    def update(self, **settings: Any) -> None:
        """Set fields by name. Raises `ValueError` on a name that is no field, before anything is changed."""
        unknown = settings.keys() - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        for name, value in settings.items():
            setattr(self, name, str(value) if name == "fail_code" else value)

    def reset(self) -> None:
        """No faults from now on. A stall already under way goes on until its client gives up."""
        for field in fields(self):
            setattr(self, field.name, field.default)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def stall() -> None:
    """Never answer: wait until the client goes away and the request is cancelled."""
    await asyncio.Event().wait()
