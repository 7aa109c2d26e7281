"""What a node saw in its files: keys and settings, compared with what it saw before."""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from gateway.audit.events import Changed, Event

OBSERVE = "SELECT audit.observe($1, $2, $3, $4, $5)"
OWE = "SELECT audit.owe($1, $2, $3, NULL, NULL, $4)"
SEEN = "SELECT code, digest FROM audit.observed WHERE kind = $1 AND starts_with(code, $2)"


class Sight(Struct, frozen=True):
    """One thing in a file: its digest, and the event of its having become so."""

    digest: bytes  # SHA-256 of what may be said aloud about it
    event: Event


class Rows(Protocol):
    """What this asks of asyncpg; a pool and a connection both have it."""

    async def fetch(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the driver's rows
        """Return all rows."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row."""
        ...


class Observed:
    """What was seen last, and what is owed to the record for the difference."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def owe(self, event: Event, kind: Changed, code: str, *, by: str) -> None:
        """Owe the record what *by* is about to do; durable when this returns."""
        await self._rows.fetchval(OWE, event.value, kind.value, code, by)

    async def observe(
        self, event: Event, kind: Changed, code: str, digest: bytes | None, *, by: str | None = None
    ) -> bool:
        """Owe the record a leaf when *code* is not as it was seen last.

        Args:
            event: what to say when it differs.
            kind: what kind of thing it is.
            code: which one; begins with the node's name and a slash.
            digest: SHA-256 of what may be said aloud about it; None: it is gone.
            by: who made it so, by staff id; None when nobody said.

        Returns:
            Whether it differed; the obligation is durable then.
        """
        differs: bool = await self._rows.fetchval(
            OBSERVE, event.value, kind.value, code, digest, by
        )
        return differs

    async def look(
        self, kind: Changed, prefix: str, now: Mapping[str, Sight], *, by: str | None = None
    ) -> int:
        """Compare everything of *kind* under *prefix* with what there is now.

        Returns:
            How many things differed: new ones, changed ones, and those that are gone, which are
            owed as ``key.destroy``.
        """
        rows = await self._rows.fetch(SEEN, kind.value, prefix)
        seen = {row["code"]: bytes(row["digest"]) for row in rows}
        differing = {code: sight for code, sight in now.items() if seen.get(code) != sight.digest}
        count = 0
        for code, sight in sorted(differing.items()):
            count += await self.observe(sight.event, kind, code, sight.digest, by=by)
        for code in sorted(seen.keys() - now.keys()):
            count += await self.observe(Event.KEY_DESTROY, kind, code, None, by=by)
        return count


def digest_of(document: object) -> bytes:
    """Return SHA-256 over *document* as JSON with sorted members."""
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).digest()
