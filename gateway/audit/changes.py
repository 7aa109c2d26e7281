"""What an administrator's act looks like as a leaf; pure.

The row that is owed already holds the leaf's id, salt and instant, so writing it twice makes the
same bytes: a copy can be recognised by its id.
"""

import hashlib
from base64 import b32encode, urlsafe_b64encode
from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.audit import words
from gateway.audit.events import Changed, Event, Method
from gateway.audit.keyring import KeyDestroyed
from gateway.audit.leaf import (
    Actor,
    Change,
    Leaf,
    Request,
    Stamp,
    Subjects,
    Target,
    salted_digest,
)
from gateway.audit.pseudonyms import LONG_LIVED, Pseudonyms, Scheme, epoch_of
from gateway.audit.stamps import microseconds

GATEWAY = "motlan"  # what the gateway's own connections are called
PERSONAL = {Changed.ACCOUNT, Changed.CONSENT, Changed.REPRESENTATION}  # their digests are salted


class Due(Struct, frozen=True, kw_only=True):
    """One act that is owed a leaf, as its owner's trigger described it."""

    id: int
    leaf_id: str
    salt: bytes
    at: datetime
    event: str
    kind: str
    code: str
    rev: int | None
    before: bytes | None
    after: bytes | None
    by: str | None
    by_is: Literal["staff", "person", "code"]
    approved_by: str | None
    via: str
    service: str | None
    elements: list[str] | None
    subjects: list[str] | None


class ChangeLeaves:
    """Writes leaves about changes."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def leaf(self, due: Due) -> Leaf:
        """Return the leaf of *due*; the same bytes each time.

        What cannot stand in a leaf, such as a code typed by hand that could be a number, is left
        out or replaced by a digest: the act itself is never left out.

        Raises:
            ValueError: the event or the kind is not of the vocabulary.
        """
        try:
            return self._whole(due)
        except (words.NotAllowedInLeaf, KeyDestroyed):
            return self._bare(due)

    def _whole(self, due: Due) -> Leaf:
        mark, epoch = _mark(due), epoch_of(due.at)
        approved = self._staff(due.approved_by, epoch)
        before, after = self._digests(due, epoch)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event(due.event),
            actor=self._actor(due, epoch),
            subj=Subjects(k=LONG_LIVED, p=tuple(due.subjects)) if due.subjects else None,
            target=_target(due),
            req=Request(m=_method(due), route=due.via, d=before),
            change=Change(
                kind=Changed(due.kind),
                id=_named(due),
                rev=due.rev,
                hash=after,
                approved=(approved,) if approved else (),
            ),
        )

    def _bare(self, due: Due) -> Leaf:
        mark = _mark(due)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event(due.event),
            actor=Actor(),
            req=Request(route="sql"),
            change=Change(kind=Changed(due.kind), id=_named(due), rev=due.rev),
        )

    def _actor(self, due: Due, epoch: str) -> Actor | None:
        if due.by is None:
            return None
        if due.by_is == "staff":
            return Actor(user=self._staff(due.by, epoch))
        return Actor(user=due.by) if due.by_is == "person" else Actor(client=due.by)

    def _staff(self, name: str | None, epoch: str) -> str | None:
        return self._pseudonyms.of(Scheme.OFFICIAL, name, epoch) if name else None

    def _digests(self, due: Due, epoch: str) -> tuple[str | None, str | None]:
        """Return what stood before and what stands after, each in the form of its member."""
        if Changed(due.kind) not in PERSONAL:
            before = due.before and urlsafe_b64encode(due.before)[:-1].decode("ascii")
            return before or None, due.after.hex() if due.after else None
        opening = self._pseudonyms.opening(due.leaf_id, epoch)
        salted = hashlib.sha256(opening + due.after).hexdigest() if due.after else None
        return salted_digest(opening, due.before) if due.before else None, salted


def _named(due: Due) -> str:
    """Return the code of what changed in a form that a leaf may hold.

    A firm's enterprise code has ten digits in a row: a dot after the fifth keeps it readable.  Any
    other word that could be a person's number is named by a digest.
    """
    try:
        return words.code(due.code)
    except words.NotAllowedInLeaf:
        digest = hashlib.sha256(due.code.encode()).digest()[:20]
        hidden = f"x-{b32encode(digest).decode('ascii').lower()}"
    if due.kind != Changed.AGENCY:
        return hidden
    try:
        words.check_agency(due.code)
    except words.NotAllowedInLeaf:
        return hidden
    return f"{due.code[:5]}.{due.code[5:]}"


def _mark(due: Due) -> Stamp:
    salt = urlsafe_b64encode(due.salt)[:22].decode("ascii")
    return Stamp(due.leaf_id, microseconds(due.at), salt)


def _method(due: Due) -> Method | None:
    return None if due.via == GATEWAY else Method.COMMAND


def _target(due: Due) -> Target | None:
    if due.service is None:
        return None
    return Target(service=due.service, fields=tuple(due.elements or ()))
