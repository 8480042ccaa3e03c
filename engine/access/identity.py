"""Who asks, and what he may. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID


class Role(StrEnum):
    """In order: each may do all that those before it may."""

    VIEWER = "viewer"
    """Reads what is on record, people masked."""
    SUPERVISOR = "supervisor"
    """Sees who called, edits articles and instructions, calls back, ends a call."""
    ADMIN = "admin"
    """Erases people, runs jobs, reads settings and the audit trail."""

    def allows(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user who has logged in, or a key. `id` is that of the user or the key."""

    kind: Literal["user", "key"]
    id: UUID
    name: str
    """A user's name, a key's prefix."""
    role: Role

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def sees_people(self) -> bool:
        """Whether phones, names and addresses are shown in full."""
        return self.role.allows(Role.SUPERVISOR)
