"""Changes: the keeper writes what is owed, and every process says with which settings it began."""

import asyncio
import secrets
from contextlib import AsyncExitStack

import structlog
from litestar import Controller

from auth.errors import KeyRingUnusable
from gateway import __version__
from gateway.audit.changes import ChangeLeaves
from gateway.audit.drain import Drain
from gateway.audit.events import Changed, Event
from gateway.audit.keyring import KeyringUnsafe
from gateway.audit.observed import Observed, digest_of
from gateway.audit.outbox import ROLE, Outbox
from gateway.errors import Refusal
from gateway.sequencing.keyfiles import LogKeysUnusable
from gateway.settings import Settings, redacted
from gateway.wiring.rings import keys_seen
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = ()
PROVIDES: tuple[str, ...] = ()

LOOK_S = 30.0  # between two looks at the key rings
UNREADABLE = (OSError, KeyRingUnusable, KeyringUnsafe, LogKeysUnusable)

_log = structlog.get_logger(__name__)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Owe the record a leaf when this node's settings differ from the last on record."""
    del stack
    await say_settings(Observed(await shared.pool("motlan_app")), shared.settings)
    return {}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Write what is owed, and look at settings and keys."""
    rows = await shared.pool(ROLE)
    observed = Observed(rows)
    await say_settings(observed, shared.settings)
    holder = f"{shared.settings.audit.node}.{secrets.token_hex(8)}"  # of this process alone
    leaves = ChangeLeaves(shared.pseudonyms)
    drain = Drain(Outbox(rows), shared.log, leaves, holder=holder)
    shared.background(stack, drain.keep(), "change outbox")
    shared.background(stack, _watch_keys(observed, shared), "key watch")
    shared.meters.observe("motlan.audit.changes.waiting", lambda: drain.waiting)
    shared.meters.observe("motlan.audit.changes.age", lambda: drain.oldest_s)


async def say_settings(observed: Observed, settings: Settings) -> bool:
    """Owe a leaf with the digest of settings and release, secrets left out, when they differ."""
    digest = digest_of([__version__, redacted(settings)])
    kind = Changed.SETTINGS
    return await observed.observe(Event.SETTINGS_APPLY, kind, settings.audit.node, digest)


async def look_at_keys(observed: Observed, shared: Shared) -> int:
    """Owe a leaf for each key that came, changed or went since the last look; return how many.

    Raises:
        Refusal: DATABASE_UNAVAILABLE.
        OSError, KeyRingUnusable, KeyringUnsafe, LogKeysUnusable: a ring cannot be read.
    """
    seen = await asyncio.to_thread(keys_seen, shared.settings, shared.clock())
    return await observed.look(Changed.KEY, f"{shared.settings.audit.node}/", seen)


async def _watch_keys(observed: Observed, shared: Shared) -> None:
    """Look at the rings for ever: a key made or removed by hand is on record as well."""
    silent = False
    while True:
        try:
            await look_at_keys(observed, shared)
            silent = False
        except (Refusal, *UNREADABLE) as unreadable:
            if not silent:
                _log.error("keys.not_watched", error=type(unreadable).__name__)
            silent = True
        await asyncio.sleep(LOOK_S)
