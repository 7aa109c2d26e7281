"""Rows beside the record, each under the number of its leaf; SQL stays in here."""

from gateway.audit.entry import Receipt
from gateway.database import Pool

_KEEP = """
INSERT INTO audit.detail (day, writer, seq, ct, dek_id)
SELECT day, writer, $2, $3, $4 FROM audit.writer WHERE writer = $1
"""
_FIND = """
SELECT d.ct, d.dek_id FROM audit.writer AS w
JOIN audit.detail AS d ON d.day = w.day AND d.writer = w.writer
WHERE w.writer = $1 AND d.seq = $2
"""


class DetailRepository:
    """What records commit to; written once, read by an auditor's command."""

    def __init__(self, pool: Pool) -> None:
        """Use *pool*, whose connections act as role ``motlan_append`` to write."""
        self._pool = pool

    async def keep(self, receipt: Receipt, box: bytes, epoch: str) -> None:
        """Store the sealed *box* under the number of the leaf that *receipt* names.

        Args:
            receipt: of the leaf whose ``det`` commits to *box*.
            box: sealed bytes.
            epoch: of the key without which nobody opens it.

        Raises:
            Refusal: DATABASE_UNAVAILABLE; it is not known to be stored.
        """
        await self._pool.execute(_KEEP, receipt.writer, receipt.seq, box, epoch)

    async def find(self, writer: str, seq: int) -> tuple[bytes, str] | None:
        """Return the sealed bytes and their epoch, None when nothing stands beside that leaf."""
        row = await self._pool.fetchrow(_FIND, writer, seq)
        return None if row is None else (bytes(row["ct"]), str(row["dek_id"]))
