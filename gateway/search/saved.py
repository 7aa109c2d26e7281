"""Searches that an auditor keeps by name: the text of the query, never a person's number."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import uuid_utils
from msgspec import Struct

from gateway.clock import Clock

MOST_SAVED = 100  # of one account

_LIST = "SELECT id, name, query, at FROM search.saved WHERE account = $1 ORDER BY name"
_ADD = """
INSERT INTO search.saved (id, account, name, query, at)
SELECT $1, $2, $3, $4, $5
WHERE (SELECT count(*) FROM search.saved WHERE account = $2) < $6
ON CONFLICT ON CONSTRAINT saved_name_key DO NOTHING
RETURNING id
"""
_REMOVE = "DELETE FROM search.saved WHERE account = $1 AND id = $2 RETURNING id"
_INQUIRY = "INSERT INTO search.inquiry (id, account, reason, at) VALUES ($1, $2, $3, $4)"


class SavedSearch(Struct, frozen=True):
    """One saved search."""

    id: UUID
    name: str
    query: str
    at: datetime


class Rows(Protocol):
    """What this asks of a pool."""

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """Return all rows."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement."""
        ...


class SavedSearches:
    """Each account's own; nobody reads another's."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def of(self, account: str) -> list[SavedSearch]:
        """Return the searches of *account* by name."""
        return [SavedSearch(*row) for row in await self._rows.fetch(_LIST, account)]

    async def add(self, account: str, name: str, query: str) -> SavedSearch | None:
        """Keep one more; None when the name is taken, or 100 are kept already."""
        saved = SavedSearch(UUID(str(uuid_utils.uuid7())), name, query, self._clock())
        added = await self._rows.fetchval(
            _ADD, saved.id, account, name, query, saved.at, MOST_SAVED
        )
        return None if added is None else saved

    async def remove(self, account: str, saved: UUID) -> bool:
        """Forget one; say whether it was there."""
        return await self._rows.fetchval(_REMOVE, account, saved) is not None

    async def remember_reason(self, inquiry: UUID, account: str, reason: str) -> None:
        """Keep why a person was looked for, beside the leaf of the same id."""
        await self._rows.execute(_INQUIRY, inquiry, account, reason, self._clock())
