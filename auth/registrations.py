"""What administrators do with registrations: each act reads, decides and appends."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct

from auth import systems
from auth.credentials import rotating
from auth.credentials.environments import demand_fitting
from auth.errors import SecondPersonNeeded, SystemExists, SystemUnknown
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
        KeyRefused: one of the credentials is not acceptable.
        SecondPersonNeeded: it is a live one, and one person alone stands behind it.
        RegistrationConflict: somebody else took it at the same instant.
    """
    try:
        await rows.find(registration.client_id)
    except SystemUnknown:
        return (await appended(rows, None, systems.registered(registration, note))).system
    raise SystemExists


async def apply(rows: Systems, registration: Registration, note: Note) -> Applied:
    """Make the registration say what the document says; nothing happens when it does already.

    A suspended system stays suspended: a file never resumes anybody.

    Raises:
        SystemBlocked: the system is blocked, and the document says something new.
        KeyRefused, SecondPersonNeeded, RegistrationConflict: as `register`.
    """
    try:
        known = await rows.find(registration.client_id)
    except SystemUnknown:
        return Applied(await register(rows, registration, note), changed=True)
    return await appended(rows, known, systems.amended(known, registration, note))


async def rotate(
    rows: Systems, client_id: str, added: Credentials, until: datetime, note: Note
) -> Applied:
    """Add credentials to a system; those that they stand in for end at *until* at the latest.

    Raises:
        SystemUnknown: no such system.
        SystemBlocked: the system is blocked.
        KeyRefused, SecondPersonNeeded, RegistrationConflict: as `register`.
    """
    known = await rows.find(client_id)
    return await appended(rows, known, rotating.rotated(known, added, until, note))


async def revoke(rows: Systems, client_id: str, credential: str, note: Note) -> System:
    """Take one key or certificate from a system; its running tokens end with this commit.

    Raises:
        SystemUnknown: no such system.
        CredentialUnknown: it has no such credential.
        KeyRefused: nothing would be left.
        SystemBlocked: the system is blocked.
    """
    known = await rows.find(client_id)
    return (await appended(rows, known, rotating.revoked(known, credential, note))).system


async def suspend(rows: Systems, client_id: str, note: Note) -> System:
    """Suspend a system; from this commit on nothing is released to it.

    Raises:
        SystemUnknown: no such system.
        SystemBlocked: the system is blocked.
    """
    known = await rows.find(client_id)
    return (await appended(rows, known, systems.suspended(known, note))).system


async def resume(rows: Systems, client_id: str, note: Note) -> System:
    """Let a suspended system work again, with new tokens.

    Raises:
        SystemUnknown: no such system.
        SystemBlocked: the system is blocked.
        SecondPersonNeeded: it is a live one, and one person alone stands behind it.
    """
    known = await rows.find(client_id)
    return (await appended(rows, known, systems.resumed(known, note))).system


async def block(rows: Systems, client_id: str, note: Note) -> System:
    """Block a system for good.

    Raises:
        SystemUnknown: no such system.
    """
    known = await rows.find(client_id)
    return (await appended(rows, known, systems.blocked(known, note))).system


async def appended(rows: Systems, known: System | None, wanted: System) -> Applied:
    """Store *wanted*, unless it is *known* itself; it is judged whole before it is stored.

    Raises:
        KeyRefused, SecondPersonNeeded, RegistrationConflict: as `register`.
    """
    if wanted is known:
        return Applied(wanted, changed=False)
    if wanted.takes_two() and not wanted.note.by_two():
        raise SecondPersonNeeded
    if known is None or wanted.registration != known.registration:
        demand_fitting(wanted.registration)
    await rows.append(wanted)
    return Applied(wanted, changed=True)
