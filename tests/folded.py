"""Trees for tests: records as a writer links them, folded by SQL as the sequencer would."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from gateway.audit.chain import Position, link
from gateway.audit.leaf import Leaf, body
from gateway.clock import utc_now
from gateway.tlog.merkle import Frontier
from tests.audit_rows import connected

DAY = utc_now().date()  # partitions are made for days around today only
WRITER = f"gw1.0.{DAY:%y%m%d}.abcdefghijkm"
_TREE = "UPDATE audit.tree SET size = $1, root = $2, at = now()"
_RUN = "INSERT INTO audit.run (first_index, day, writer, first_seq, n) VALUES ($1, $2, $3, $4, $5)"
_WRITER = """
INSERT INTO audit.writer (writer, day, node, started_at) VALUES ($1, $2, $3, now())
ON CONFLICT DO NOTHING
"""
_SO_FAR = """
SELECT e.writer, e.seq, e.leaf FROM audit.run r
JOIN audit.entry e ON e.day = r.day AND e.writer = r.writer
  AND e.seq >= r.first_seq AND e.seq < r.first_seq + r.n
ORDER BY r.first_index + e.seq - r.first_seq
"""


async def fold(
    dsn: str, leaves: Iterable[Leaf], *, writer: str = WRITER, day: date = DAY
) -> list[bytes]:
    """Record *leaves* by *writer*, right behind what the tree has; return the entries."""
    return await fold_bodies(dsn, [body(leaf) for leaf in leaves], writer=writer, day=day)


async def fold_bodies(
    dsn: str, bodies: list[bytes], *, writer: str = WRITER, day: date = DAY
) -> list[bytes]:
    """Do the same with encoded leaves, which need not be ones that we would write."""
    async with connected(dsn) as connection, connection.transaction():
        so_far = await connection.fetch(_SO_FAR)
        linked = link(_position(so_far, writer, day), bodies)
        await connection.execute(_WRITER, writer, day, "gw1.0")
        await connection.execute("SELECT audit.ensure_day($1)", day)
        first = linked.first.seq
        await connection.copy_records_to_table(
            "entry",
            schema_name="audit",
            columns=("day", "writer", "seq", "entry", "leaf"),
            records=[
                (day, writer, first + at, entry, leaf)
                for at, (entry, leaf) in enumerate(zip(linked.entries, linked.leaves, strict=True))
            ],
        )
        await connection.execute(_RUN, len(so_far), day, writer, first, len(bodies))
        tree = Frontier(0, ()).extend([row["leaf"] for row in so_far] + linked.leaves)
        await connection.execute(_TREE, tree.size, tree.root())
        return linked.entries


def _position(so_far: list[Any], writer: str, day: date) -> Position:
    own = [row for row in so_far if row["writer"] == writer]
    if not own:
        return Position(writer=writer, day=day)
    return Position(writer=writer, day=day, seq=own[-1]["seq"] + 1, prev=own[-1]["leaf"].hex())
