"""A new log after published history was lost: its first new leaf commits to the old checkpoint.

The records that are still there stay where they are; what is lost stays named, with its size and
root, in the log that follows and in this node's guard file.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from gateway.sequencing.guard import Guard, Published
from gateway.sequencing.rows import TreeHead


class NothingToLeave(Exception):
    """There is no other log that this node has published."""


def left_behind(guard: Guard, origin: str) -> Published:
    """Return the log that *origin* is to follow.

    Raises:
        NothingToLeave: this node has published nothing, or under this very name.
        GuardUnreadable: the guard file says nothing.
    """
    old = guard.read()
    if old is None:
        raise NothingToLeave("this node has published no log")
    if old.origin == origin:
        raise NothingToLeave(f"tree.origin is still {origin}: give the new log another name first")
    return old


async def reorigin(
    old: Published,
    origin: str,
    *,
    guard: Guard,
    head: Callable[[], Awaitable[TreeHead]],
    commit_to: Callable[[Published], Awaitable[object]],
    at: datetime,
) -> Published:
    """Begin the log *origin* after *old*, and return what the guard file says from now on.

    The leaf comes first: when it cannot be written, nothing has changed.

    Raises:
        Whatever *head* and *commit_to* raise.
        OSError: the guard file cannot be written; run it again, which repeats the leaf.
    """
    await commit_to(old)
    now = await head()
    ended = Published(old.origin, old.size, old.root, old.at)
    begun = Published(origin, now.size, now.root, at, (*old.before, ended))
    guard.write(begun)
    return begun
