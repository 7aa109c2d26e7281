"""A gateway process reduced to its record: ``python -m tests.audit_child DSN NODE``.

Writes each receipt to its standard output the moment `append` returns, as a gateway would send the
first byte of an answer: whoever reads the line has seen data.
"""

import asyncio
import os
import sys

import msgspec

from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from tests.audit_builders import an_entry

CALLERS = 16


async def main(dsn: str, node: str) -> None:
    """Append until killed."""
    writer = AuditWriter(dsn, node=node, clock=utc_now)
    await writer.start()

    async def call() -> None:
        while True:
            receipt = await writer.append(an_entry())
            os.write(1, msgspec.json.encode(receipt) + b"\n")  # one write: whole or not at all

    await asyncio.gather(*(call() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
