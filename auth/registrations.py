"""What administrators do with registrations: each act reads, decides and appends."""

from typing import Protocol

from msgspec import Struct

from auth import systems
from auth.errors import SystemExists, SystemUnknown
from auth.systems import Credentials, Note, Registration, System


class Systems(Protocol):
    """What these acts ask of the rows."""

    async def find(self, client_id: str) -> System:
        """Return the newest version of one system, or raise SystemUnknown."""
        ...

    async def append(self, version: System) -> None:
        """Store the next version, or raise RegistrationConflict."""
        ...


class Applied(Struct, frozen=True):
    """What became of one registration document."""

    system: System
    changed: bool


async def register(rows: Systems, registration: Registration, note: Note) -> System:
    """Register a new system.

    Raises:
        SystemExists: the client id is taken.
        RegistrationConflict: somebody else took it at the same instant.
    """
    try:
        await rows.find(registration.client_id)
    except SystemUnknown:
        first = systems.registered(registration, note)
        await rows.append(first)
        return first
    raise SystemExists


async def apply(rows: Systems, registration: Registration, note: Note) -> Applied:
    """Make the registration say what the document says; nothing happens when it does already.

    A suspended system stays suspended: a file never resumes anybody.

    Raises:
        SystemBlocked: the system is blocked, and the document says something new.
        RegistrationConflict: somebody else changed it at the same instant.
    """
    try:
        known = await rows.find(registration.client_id)
    except SystemUnknown:
        return Applied(await register(rows, registration, note), changed=True)
    return await _appended(rows, known, systems.amended(known, registration, note))


async def rekey(
    rows: Systems, client_id: str, by: Credentials, note: Note, *, revoke: bool = False
) -> System:
    """Replace the credentials of a system; with *revoke* its running tokens end too.

    Raises:
        KeyRefused: one of the keys is not acceptable.
        SystemUnknown: no such system.
        SystemBlocked: the system is blocked.
    """
    known = await rows.find(client_id)
    next_one = systems.rekeyed(known, by, note, revoke=revoke)
    next_one.registration.keys()  # refuses what cannot be used, before it is stored
    return (await _appended(rows, known, next_one)).system


async def suspend(rows: Systems, client_id: str, note: Note) -> System:
    """Suspend a system; from this commit on nothing is released to it.

    Raises:
        SystemUnknown: no such system.
        SystemBlocked: the system is blocked.
    """
    known = await rows.find(client_id)
    return (await _appended(rows, known, systems.suspended(known, note))).system


async def resume(rows: Systems, client_id: str, note: Note) -> System:
    """Let a suspended system work again, with new tokens.

    Raises:
        SystemUnknown: no such system.
        SystemBlocked: the system is blocked.
    """
    known = await rows.find(client_id)
    return (await _appended(rows, known, systems.resumed(known, note))).system


async def block(rows: Systems, client_id: str, note: Note) -> System:
    """Block a system for good.

    Raises:
        SystemUnknown: no such system.
    """
    known = await rows.find(client_id)
    return (await _appended(rows, known, systems.blocked(known, note))).system


async def _appended(rows: Systems, known: System, wanted: System) -> Applied:
    if wanted is known:
        return Applied(known, changed=False)
    await rows.append(wanted)
    return Applied(wanted, changed=True)
