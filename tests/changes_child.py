"""A keeper reduced to its outbox: ``python -m tests.changes_child DSN RING HOLDER NODE``.

Drains until it is killed; prints a line once it holds the outbox and has written something.
"""

import asyncio
import os
import sys
from pathlib import Path

from gateway import database
from gateway.audit.changes import ChangeLeaves
from gateway.audit.drain import Drain
from gateway.audit.keyring import Keyring
from gateway.audit.outbox import ROLE, Outbox
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now


async def main(dsn: str, ring: str, holder: str, node: str) -> None:
    """Drain until killed."""
    writer = AuditWriter(dsn, node=node, clock=utc_now)
    await writer.start()
    pool = await database.raw_pool(dsn, ROLE, 2)
    leaves = ChangeLeaves(Pseudonyms(Keyring(Path(ring))))
    drain = Drain(Outbox(pool), writer, leaves, holder=holder, pause_s=0.0)
    keeping = asyncio.ensure_future(drain.keep())
    while not drain.written:
        await asyncio.sleep(0.001)
    os.write(1, b"writing\n")
    await keeping


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
