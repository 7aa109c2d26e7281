"""One finding as it is kept: its id, its state, and what a later look at the same thing changes."""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from gateway.findings.rules import Found


class State(StrEnum):
    """What people made of it."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Judgement(Struct, frozen=True, kw_only=True):
    """Who judged, when, why, and the id of the leaf that says so."""

    by: str  # account
    at: datetime
    reason: str
    entry: UUID


class Finding(Struct, frozen=True, kw_only=True):
    """What a rule found, and its judgement once there is one."""

    id: UUID
    found: Found
    raised_at: datetime
    state: State = State.OPEN
    judgement: Judgement | None = None


class Known(Struct, frozen=True):
    """What must be known of an earlier finding to place a new one."""

    id: UUID
    rule: str
    about: str
    first_day: date
    last_day: date
    state: State


def identity(found: Found) -> UUID:
    """Return the id that *found* always gets: the same look again makes no second finding.

    The digest is over a pseudonym or a code, so that the id tells nothing more than they do.
    """
    parts = (found.rule, found.scope, found.actor, found.about, found.first_day.isoformat())
    made = bytearray(hashlib.sha256("\0".join(parts).encode()).digest()[:16])
    made[6] = made[6] & 0x0F | 0x80  # RFC 9562 section 5.8: version 8, ids of one's own making
    made[8] = made[8] & 0x3F | 0x80
    return UUID(bytes=bytes(made))


def placed(found: Found, known: list[Known]) -> UUID | None:
    """Return the id under which *found* is kept, or None when it was judged already.

    What was found before within the same days is the same thing: an open finding grows, a judged
    one stays as it was judged, and silence follows until something new happens after its days.
    """
    same = [
        one
        for one in known
        if one.rule == found.rule and one.about == found.about and one.last_day >= found.first_day
        if one.first_day <= found.last_day
    ]
    if any(one.state is not State.OPEN for one in same):
        return None
    return same[0].id if same else identity(found)
