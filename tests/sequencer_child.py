"""A sequencer as a process: ``python -m tests.sequencer_child DSN FOLDER STEP ROUND``.

It folds without a lease, and kills itself when round ROUND has passed STEP; with ``none`` it folds
until it is overtaken, and then ends with a code of its own.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from gateway.clock import utc_now
from gateway.sequencing.sequencer import Sequencer, Step
from gateway.sequencing.store import Overtaken, Store
from gateway.sequencing.watch import Watch
from tests.tree_rows import a_log

OVERTAKEN = 75
PAUSE_S = 0.02


class Fuse:
    """Ends the process at a step, as a power cut would."""

    def __init__(self, step: str, number: int) -> None:
        self._step, self._left = step, number

    def __call__(self, passed: Step) -> None:
        """Count, and kill."""
        if passed == self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def main(dsn: str, folder: str, step: str, number: str) -> None:
    """Fold until killed or overtaken."""
    fuse = Fuse(step, int(number))
    store = await Store.connect(dsn)
    sequencer = Sequencer(
        store, a_log(Path(folder)), utc_now, watch=Watch(), round_records=64, passed=fuse
    )
    await sequencer.open()
    while True:
        try:
            joined = await sequencer.round()
        except Overtaken:
            sys.exit(OVERTAKEN)
        os.write(1, b"%d\n" % joined)
        await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
