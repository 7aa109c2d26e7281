"""What one person asks for and another one decides: opening a live system further; pure."""

import re
import secrets
from base64 import b32encode
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from auth import systems
from auth.approvals.errors import MoveRefused, RequestUnknown
from auth.credentials import rotating
from auth.errors import RegistrationConflict, SecondPersonNeeded
from auth.systems import Credentials, Note, Registration, System

_is_id = re.compile(r"yc-[a-z2-7]{16}").fullmatch


class Ask(StrEnum):
    """What may be asked for."""

    REGISTER = "register"
    AMEND = "amend"
    ROTATE = "rotate"
    RESUME = "resume"


class RequestState(StrEnum):
    """Life of a request; every state but OPEN is the end."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"  # the system was changed meanwhile, and somebody asked anew


class Wanted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shall become of a system."""

    act: Ask
    registration: Registration | None = None  # of REGISTER and AMEND
    added: Credentials | None = None  # of ROTATE
    overlap_s: int = 0  # of ROTATE: how long the older credentials go on


class Decided(Struct, frozen=True, kw_only=True):
    """Who ended a request, when, and why."""

    by: str
    at: datetime
    reason: str


class Request(Struct, frozen=True, kw_only=True):
    """One request, and what became of it."""

    id: str
    client_id: str
    agency: str
    base: int  # version that it was made against; 0: none
    wanted: Wanted
    asked_by: str
    asked_at: datetime
    reason: str
    state: RequestState = RequestState.OPEN
    decided: Decided | None = None


def new_id() -> str:
    """Return the id of a new request; it tells nothing."""
    return f"yc-{b32encode(secrets.token_bytes(10)).decode('ascii').lower()}"


def known_id(said: str) -> str:
    """Return the id of a request; what has not its form is the id of none.

    Raises:
        RequestUnknown: it has not that form.
    """
    if _is_id(said) is None:
        raise RequestUnknown
    return said


def outcome(known: System | None, wanted: Wanted, note: Note) -> System:
    """Return the version that *wanted* leads to; *known* itself when it says nothing new.

    Raises:
        RegistrationConflict: it asks to register what exists, or to change what does not.
        SystemBlocked, KeyRefused: as the moves themselves.
    """
    if (known is None) is not (wanted.act is Ask.REGISTER):
        raise RegistrationConflict
    if known is None:
        if wanted.registration is None:
            raise RegistrationConflict
        return systems.registered(wanted.registration, note)
    if wanted.act is Ask.RESUME:
        return systems.resumed(known, note)
    if wanted.act is Ask.ROTATE and wanted.added is not None:
        until = note.at + timedelta(seconds=wanted.overlap_s)
        return rotating.rotated(known, wanted.added, until, note)
    if wanted.registration is None:
        raise RegistrationConflict
    return systems.amended(known, wanted.registration, note)


def demand_decidable(request: Request, known: System | None, by: str) -> None:
    """Refuse a decision that this person cannot make now.

    Raises:
        MoveRefused: it was decided already.
        SecondPersonNeeded: whoever asked does not decide.
        RegistrationConflict: the system was changed since it was asked for.
    """
    if request.state is not RequestState.OPEN:
        raise MoveRefused
    if by.strip() == request.asked_by.strip():
        raise SecondPersonNeeded
    if request.base != (0 if known is None else known.version):
        raise RegistrationConflict


def same(request: Request, wanted: Wanted, base: int, by: str) -> bool:
    """Say whether *by* asks again for what they asked for."""
    return (request.wanted, request.base, request.asked_by) == (wanted, base, by)
