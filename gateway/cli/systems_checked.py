"""What `motlan doctor` says of agencies' systems: what ends soon, and what cannot be read."""

from datetime import datetime

from auth.credentials.expiring import Warned, warnings
from auth.credentials.keysets import KeySet
from auth.credentials.repository import KeySetRepository
from auth.repository import SystemRepository
from auth.systems import System, SystemState
from gateway import database

MOST_NAMED = 5


async def looked_at(dsn: str, now: datetime) -> tuple[bool, str]:
    """Return whether every active system can prove itself in 30 days, and what to say.

    Raises:
        RegistrationsUnavailable: the database did not answer, or is not migrated.
    """
    opened = database.engine(dsn, pool_connections=1, role=None, application_name="motlan doctor")
    try:
        async with database.transaction(opened) as session:
            found = await SystemRepository(session).listed()
        known = await KeySetRepository(lambda: database.transaction(opened)).listed()
    finally:
        await opened.dispose()
    return told(found, known, now)


def told(systems: tuple[System, ...], known: dict[str, KeySet], now: datetime) -> tuple[bool, str]:
    """Return whether all is well with systems, and in words what is not."""
    active = tuple(each for each in systems if each.state is SystemState.ACTIVE)
    ending = [_ends(each) for each in warnings(active, now)]
    unread = [f"{each.client_id}: {fault}" for each in active if (fault := _fault(each, known))]
    wrong = [*ending, *unread]
    if not wrong:
        return True, f"{len(systems)} registered, {len(active)} active"
    more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
    return False, "; ".join(wrong[:MOST_NAMED]) + more


def _ends(warned: Warned) -> str:
    when = "has ended" if warned.days == 0 else f"ends within {warned.days} days"
    return f"{warned.client_id}: its last credential {when}"


def _fault(system: System, known: dict[str, KeySet]) -> str | None:
    read = known.get(system.client_id)
    return None if system.registration.jwks_uri is None or read is None else read.fault
