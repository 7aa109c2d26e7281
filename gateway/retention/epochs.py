"""A year's pseudonym keys die on schedule; whoever holds one in memory forgets it at once."""

import asyncio
from collections.abc import Sequence

import structlog

from gateway.audit.events import Changed, Event
from gateway.audit.keyring import KeyInfo, Keyring, KeyState
from gateway.audit.observed import Observed, Sight, digest_of
from gateway.audit.pseudonyms import Pseudonyms

LOOK_S = 1.0

log = structlog.get_logger(__name__)


def key_seen(node: str, info: KeyInfo) -> tuple[str, Sight]:
    """Return the code of one key, as leaves name it, and what a stranger may see of it."""
    told = [info.purpose.value, info.epoch, info.state.value]
    event = Event.KEY_DESTROY if info.state is KeyState.DESTROYED else Event.KEY_CREATE
    code = f"{node}/pseudonyms/{info.purpose.value}-{info.epoch}"
    return code, Sight(digest_of(told), event)


def expired(keys: Sequence[KeyInfo], first_year: int) -> list[KeyInfo]:
    """Return the living keys of years before *first_year*; keys that outlive years never expire."""
    return [
        key
        for key in keys
        if key.state is KeyState.ACTIVE and key.epoch.isdecimal() and int(key.epoch) < first_year
    ]


async def destroy_expired(ring: Keyring, observed: Observed, node: str, first_year: int) -> int:
    """Destroy the keys of years before *first_year*; return how many.

    Each destruction is owed to the record before it is done, so that none goes unsaid; a crash
    between the two is mended by the next call.

    Raises:
        Refusal: DATABASE_UNAVAILABLE; nothing was destroyed.
        OSError, KeyringUnsafe: the ring cannot be read or written.
    """
    due = expired(await asyncio.to_thread(ring.keys), first_year)
    for key in due:
        code, sight = key_seen(node, KeyInfo(key.purpose, key.epoch, KeyState.DESTROYED))
        await observed.observe(Event.KEY_DESTROY, Changed.KEY, code, sight.digest)
        await asyncio.to_thread(ring.destroy, key.purpose, key.epoch)
        log.warning("retention.key_destroyed", epoch=key.epoch, purpose=key.purpose.value)
    return len(due)


async def forget_with(ring: Keyring, pseudonyms: Pseudonyms, every_s: float = LOOK_S) -> None:
    """Forget keys in memory whenever the ring changes, or cannot be looked at, until cancelled."""
    known = _generation(ring)
    while True:
        await asyncio.sleep(every_s)
        if (now := _generation(ring)) != known:
            known = now
            pseudonyms.forget()


def _generation(ring: Keyring) -> int | None:
    try:
        return ring.generation()
    except OSError:
        return None
