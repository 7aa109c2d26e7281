"""Seals: asked for by one person, decided by another, opened by time or by hand; all on record."""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime

import msgspec
import uuid_utils
from msgspec import Struct
from msgspec.structs import replace

from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Changed, Event, Method
from gateway.audit.leaf import Change
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.clock import Clock
from gateway.disclosure import seals
from gateway.disclosure.asking import Said
from gateway.disclosure.errors import MoveRefused, SecondPersonMissing, TermsRefused
from gateway.disclosure.seal_repository import SealRepository
from gateway.disclosure.seals import Kind, Seal, State
from gateway.disclosure.texts import written

Append = Callable[[Entry], Awaitable[Receipt]]

LONGEST_REASON = 500
MOST_TARGETS = 16
BY_TIME = "hết thời hạn niêm phong / the seal's time has ended"
ROUTE_OF_TIME = "keeper:seals"
SCHEMES: dict[Kind, Scheme] = {
    Kind.OFFICIAL: Scheme.OFFICIAL,
    Kind.DOSSIER: Scheme.DOSSIER,
    Kind.PERSON: Scheme.CITIZEN,
}


class Wanted(Struct, frozen=True, kw_only=True):
    """What somebody asks to be closed."""

    ground: str
    kind: Kind
    targets: tuple[str, ...]  # codes, account ids, dossier numbers or citizens' numbers
    first: datetime
    last: datetime
    opens_at: datetime
    reason: str


class Sealing(Struct, frozen=True, kw_only=True):
    """What people do with seals; the leaf is durable before the row is."""

    seals: SealRepository
    acts: Acts
    append: Append
    pseudonyms: Pseudonyms
    clock: Clock

    async def ask(self, said: Said, wanted: Wanted, known: Collection[str]) -> Seal:
        """Ask for a seal; it closes nothing before a second person approves.

        Args:
            said: the official who asks, of an agency.
            wanted: what, on which ground, how long.
            known: codes of the catalog's agencies and systems: others cannot be targets.

        Raises:
            TermsRefused: outside the limits of the ground, or a target is none.
            TextRefused: the reason cannot be kept.
        """
        if said.by.agency is None:
            raise TermsRefused("agency")
        seal = Seal(
            id=str(uuid_utils.uuid7()),
            ground=wanted.ground,
            kind=wanted.kind,
            targets=wanted.targets,
            first=wanted.first.astimezone(UTC),
            last=wanted.last.astimezone(UTC),
            opens_at=wanted.opens_at.astimezone(UTC),
            asked_by=said.by.id,
            agency=said.by.agency,
            reason=written(wanted.reason, longest=LONGEST_REASON),
            asked_at=self.clock(),
        )
        seals.demand(seal)  # first: no key is made for a year that no ground reaches
        seal = replace(seal, targets=self._targets(wanted, known))
        await self._record(Event.SEAL_ASK, said, seal)
        await self.seals.ask(seal)
        return seal

    async def decide(self, said: Said, seal_id: str, *, approved: bool, reason: str) -> Seal:
        """Approve or refuse a request.

        Raises:
            SecondPersonMissing: whoever asked cannot approve (promise P8).
            MoveRefused: it was decided before, or its time is over.
            Unknown: no such seal.
            TextRefused: the reason cannot be kept.
        """
        seal, now = await self.seals.one(seal_id), self.clock()
        plain = written(reason, longest=LONGEST_REASON)
        if seal.state(now) is not State.ASKED:
            raise MoveRefused
        if approved and seal.asked_by == said.by.id:
            raise SecondPersonMissing
        event = Event.SEAL_APPROVE if approved else Event.SEAL_REFUSE
        await self._record(event, said, seal)
        await self.seals.decide(seal_id, by=said.by.id, approved=approved, reason=plain, at=now)
        return await self.seals.one(seal_id)

    async def open(self, said: Said, seal_id: str, reason: str) -> Seal:
        """Open a live seal before its time; for good.

        Raises:
            MoveRefused: it is not live.
            Unknown: no such seal.
            TextRefused: the reason cannot be kept.
        """
        seal, now = await self.seals.one(seal_id), self.clock()
        plain = written(reason, longest=LONGEST_REASON)
        if seal.state(now) is not State.LIVE:
            raise MoveRefused
        await self._record(Event.SEAL_OPEN, said, seal)
        await self.seals.open(seal_id, by=said.by.id, reason=plain, at=now)
        return await self.seals.one(seal_id)

    async def open_ended(self) -> int:
        """Put on record what time has opened; return how many.

        The lines are open already, whether or not anybody gets here.  After a crash between the
        record and the row the opening stands in the log twice, of one seal and to no effect.
        """
        now = self.clock()
        ended = await self.seals.ended(now)
        for seal in ended:
            await self._record(Event.SEAL_OPEN, None, seal)
            await self.seals.open(seal.id, by=None, reason=BY_TIME, at=now)
        return len(ended)

    def _targets(self, wanted: Wanted, known: Collection[str]) -> tuple[str, ...]:
        if not 1 <= len(wanted.targets) <= MOST_TARGETS:
            raise TermsRefused("targets")
        scheme = SCHEMES.get(wanted.kind)
        if scheme is None:
            if not set(wanted.targets) <= set(known):
                raise TermsRefused("targets")
            return tuple(dict.fromkeys(wanted.targets))
        years = range(int(epoch_of(wanted.first)), int(epoch_of(wanted.last)) + 1)
        try:
            found = [
                self.pseudonyms.of(scheme, target, f"{year:04d}")
                for target in wanted.targets
                for year in years
            ]
        except ValueError:
            raise TermsRefused("targets") from None
        return tuple(dict.fromkeys(found))

    async def _record(self, event: Event, said: Said | None, seal: Seal) -> Receipt:
        leaf = self.acts.leaf(
            event,
            said.by if said else None,
            route=said.route if said else ROUTE_OF_TIME,
            method=Method.POST if said else Method.COMMAND,
            request=said.raw if said else b"",
            change=Change(kind=Changed.SEAL, id=seal.id, hash=digest(seal)),
        )
        return await self.append(Entry(body=leaf))


def digest(seal: Seal) -> str:
    """Return the SHA-256 of what was asked for, hex: the same in every act about *seal*."""
    asked = replace(seal, approved_at=None, refused_at=None, opened_at=None)
    return hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()
