"""A gateway process reduced to its record: ``python -m tests.audit_child DSN NODE [patient]``.

Writes each receipt to its standard output the moment `append` returns, as a gateway would send the
first byte of an answer: whoever reads the line has seen data.  A patient one tries again after a
refusal, and has the log of a gateway.
"""

import asyncio
import os
import sys

import msgspec

from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable
from gateway.telemetry.logs import configure_logs
from tests.audit_builders import an_entry

CALLERS = 16


async def main(dsn: str, node: str, kind: str = "") -> None:
    """Append until killed."""
    if kind == "patient":
        configure_logs()
    writer = AuditWriter(dsn, node=node, clock=utc_now)
    await writer.start()

    async def call() -> None:
        while True:
            try:
                receipt = await writer.append(an_entry())
            except AuditUnavailable:
                if kind != "patient":
                    raise
                await asyncio.sleep(0.02)
                continue
            os.write(1, msgspec.json.encode(receipt) + b"\n")  # one write: whole or not at all

    await asyncio.gather(*(call() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
