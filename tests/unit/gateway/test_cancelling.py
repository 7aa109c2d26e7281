"""Work that goes on for ever ends all the same."""

import asyncio

from gateway.cancelling import cancelled


async def test_a_word_that_was_lost_is_said_again() -> None:
    """A keeper without a database once ran on, without a parent, until somebody found it."""
    heard = 0

    async def lost() -> None:
        """Fail like a driver that is cancelled while it cuts a connection."""
        nonlocal heard
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard += 1
            if heard == 1:
                raise ConnectionError from None
            raise

    async def keep() -> None:
        """Try again after any error."""
        while True:
            try:
                await lost()
            except ConnectionError:
                await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(keep())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancelled(task), 30)

    assert (True, 2) == (task.cancelled(), heard)


async def test_what_has_ended_stays_ended() -> None:
    """Its own failure is for whoever looks at it."""
    task = asyncio.get_running_loop().create_task(asyncio.sleep(0))
    await task

    await cancelled(task)

    assert not task.cancelled()
