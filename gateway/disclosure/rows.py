"""What the repositories of this package ask of the driver."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import asyncpg

Row: TypeAlias = Mapping[str, Any]  # a driver's row; each repository types its own


class Rows(Protocol):
    """A pool and a connection both have it; each statement is whole, or did not happen."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row, or None."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement and return its status."""
        ...


def rule_of(refused: asyncpg.IntegrityConstraintViolationError) -> str:
    """Return the name of the constraint that refused; the driver has it from the server."""
    name: str | None = getattr(refused, "constraint_name", None)
    return name or ""
