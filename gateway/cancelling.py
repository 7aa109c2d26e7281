"""Ending work that goes on for ever; what it was doing may not hear the first word."""

import asyncio

AGAIN_S = 1.0  # as long as a pause between two tries of whoever tries again


async def cancelled(task: "asyncio.Task[object] | asyncio.Task[None]") -> None:
    """Cancel *task* until it has ended.

    A driver that is cancelled while it gives up a dead connection may fail with an error of its
    own instead, and work that tries again after any error would then go on as if nobody had asked.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
