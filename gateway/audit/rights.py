"""Which rights are live now: the register that the record's commit judges by, read on its own."""

from collections.abc import Collection
from typing import Any, Protocol

LIVE = """
SELECT key FROM gateway.live_right
WHERE key = ANY($1) AND live AND (valid_to IS NULL OR valid_to > statement_timestamp())
"""


class Rows(Protocol):
    """What this asks of asyncpg; a pool and a connection both have it."""

    async def fetch(self, query: str, *args: Any) -> list[Any]:  # noqa: ANN401 - the driver's
        """Return all rows."""
        ...


class RightsRepository:
    """Reads the register of live rights."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def live(self, keys: Collection[str]) -> frozenset[str]:
        """Return those of *keys* that are live at this instant, at whatever revision."""
        return frozenset(row["key"] for row in await self._rows.fetch(LIVE, list(keys)))
