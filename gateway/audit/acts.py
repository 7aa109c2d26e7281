"""Acts of people and of the gateway itself as leaves: who, what, about whom, from which state."""

from base64 import urlsafe_b64encode

from msgspec import Struct

from gateway.audit.events import Decision, Event, Method, Op
from gateway.audit.leaf import (
    Actor,
    Change,
    Ground,
    Leaf,
    Request,
    Result,
    Stamp,
    Subjects,
    salted_digest,
    subjects,
)
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.audit.stamps import instant, stamp_now
from gateway.clock import Clock
from gateway.errors import Code

OPS: dict[Event, Op] = {
    Event.AUDIT_SEARCH: Op.SEARCH,
    Event.AUDIT_EXPORT: Op.EXPORT,
    Event.AUDIT_UNBLIND: Op.READ,
    Event.OWN_READ: Op.READ,
}


class By(Struct, frozen=True, kw_only=True):
    """Who acts, before any pseudonym: never stored and never logged as it is."""

    id: str  # account or staff id
    agency: str | None = None
    acr: str | None = None  # strength of the login; None for a command line


class Acts:
    """Writes leaves about what people do with the record and with the configuration."""

    def __init__(self, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock

    def leaf(
        self,
        event: Event,
        by: By | None,
        *,
        route: str,
        method: Method = Method.GET,
        request: bytes = b"",
        subjects: tuple[tuple[Scheme, str], ...] = (),
        change: Change | None = None,
        before: str | None = None,
        dossier: str | None = None,
        n: int | None = None,
        result: Result | None = None,
        mark: Stamp | None = None,
        of: str | None = None,
        reasons: tuple[Code, ...] = (),
    ) -> Leaf:
        """Return the leaf of one act; nothing is written yet.

        Args:
            event: what was done.
            by: who did it; None for the gateway itself.
            route: the template of the path, or the command as ``catalog:apply``.
            method: how it came; ``Method.COMMAND`` for a command line.
            request: the body as it came, kept as a salted digest; empty for none.
            subjects: the people it is about, by scheme and identifier; kept as pseudonyms.
            change: what the act changed, and the digest of what stands after it.
            before: SHA-256 of what stood before, hex; instead of *request*.
            dossier: the number of the case; kept as a pseudonym.
            n: how many people are concerned.
            result: what came of it.
            mark: id, instant and salt; None for those of now.
            of: id of the leaf that this one continues.
            reasons: why the act was refused; empty when it was not.

        Raises:
            NotAllowedInLeaf: a word is of no form that a leaf may hold.
            ValueError: an identifier is empty.
            KeyDestroyed: the year's key is gone.
        """
        mark = mark or stamp_now(self._clock)
        epoch = epoch_of(instant(mark))
        digest = _hex_as_digest(before) if before else self._digest(mark.id, epoch, request)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=event,
            op=OPS.get(event),
            n=n,
            actor=self._actor(by, epoch),
            subj=self._subjects(subjects, epoch),
            basis=self._ground(dossier, reasons, epoch),
            req=Request(m=method, route=route, d=digest),
            change=change,
            res=result,
            of=of,
        )

    def pseudonym(self, staff_id: str) -> str:
        """Return the pseudonym that a leaf of this instant holds of *staff_id*."""
        return self._pseudonyms.of(Scheme.OFFICIAL, staff_id, epoch_of(self._clock()))

    def _digest(self, entry_id: str, epoch: str, request: bytes) -> str | None:
        if not request:
            return None
        return salted_digest(self._pseudonyms.opening(entry_id, epoch), request)

    def _actor(self, by: By | None, epoch: str) -> Actor | None:
        if by is None:
            return None
        user = self._pseudonyms.of(Scheme.OFFICIAL, by.id, epoch)
        return Actor(org=by.agency, acr=by.acr, user=user)

    def _subjects(self, named: tuple[tuple[Scheme, str], ...], epoch: str) -> Subjects | None:
        if not named:
            return None
        derived = (self._pseudonyms.of(scheme, number, epoch) for scheme, number in named)
        return subjects(epoch, tuple(dict.fromkeys(derived)))

    def _ground(self, dossier: str | None, reasons: tuple[Code, ...], epoch: str) -> Ground | None:
        if dossier is None and not reasons:
            return None
        decision = Decision.DENY if reasons else Decision.ALLOW
        named = None if dossier is None else self._pseudonyms.of(Scheme.DOSSIER, dossier, epoch)
        return Ground(decision=decision, dossier=named, reasons=reasons)


def _hex_as_digest(value: str) -> str:
    """Spell a hex SHA-256 as leaves spell digests: unpadded base64url."""
    return urlsafe_b64encode(bytes.fromhex(value))[:-1].decode("ascii")
