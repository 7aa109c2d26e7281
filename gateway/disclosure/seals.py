"""Seals: accesses of an investigation that a person sees as a closed line, for a time; pure.

A seal never touches a record.  It hides who asked and why from the person concerned until it opens,
by a named ground, on the word of two people; that it exists is counted in public.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from catalog.entries import Mark
from gateway.audit.events import Event
from gateway.disclosure.errors import TermsRefused


class Kind(StrEnum):
    """What a seal covers."""

    AGENCY = "agency"
    SYSTEM = "system"
    OFFICIAL = "official"  # pseudonyms
    DOSSIER = "dossier"  # pseudonyms
    PERSON = "person"  # pseudonyms


class State(StrEnum):
    """Where a seal stands."""

    ASKED = "asked"  # covers nothing yet
    REFUSED = "refused"
    LIVE = "live"
    OPEN = "open"  # by time or by decision; for good


class Basis(Struct, frozen=True, kw_only=True):
    """A ground of law that a seal may rest on, its longest time, and how sure we are of it."""

    code: str
    instrument: str
    article: str
    text_vi: str
    text_en: str
    mark: Mark  # of the instrument
    longest_days: int
    longest_mark: Mark = Mark.DERIVED  # no text that we read fixes a time: it is our own bound
    back_days: int = 30  # how far before the request a seal may begin
    valid_from: date
    valid_to: date | None = None  # not included


GROUNDS: dict[str, Basis] = {
    each.code: each
    for each in (
        Basis(
            code="dieu-tra-hinh-su",
            instrument="Bộ luật Tố tụng hình sự 101/2015/QH13",
            article="Điều 177",
            text_vi="Bí mật điều tra trong vụ án hình sự.",
            text_en="Secrecy of a criminal investigation.",
            mark=Mark.KNOWLEDGE,
            longest_days=365,
            valid_from=date(2018, 1, 1),
        ),
        Basis(
            code="an-ninh-quoc-gia",
            instrument="Luật An ninh quốc gia 32/2004/QH11",
            article="Điều 24",
            text_vi="Nghiệp vụ của cơ quan chuyên trách bảo vệ an ninh quốc gia.",
            text_en="Measures of the bodies that protect national security.",
            mark=Mark.KNOWLEDGE,
            longest_days=730,
            valid_from=date(2005, 7, 1),
        ),
        Basis(
            code="giai-quyet-to-cao",
            instrument="Luật Tố cáo 25/2018/QH14",
            article="Điều 47",
            text_vi="Bảo vệ người tố cáo trong khi xác minh.",
            text_en="Protection of an informant while the report is verified.",
            mark=Mark.KNOWLEDGE,
            longest_days=180,
            valid_from=date(2019, 1, 1),
        ),
    )
}
# Only what others did with a person's data: what the person did, or is asked, is never hidden.
COVERED = frozenset({Event.ACCESS, Event.DENY})


class Seal(Struct, frozen=True, kw_only=True):
    """What was asked to be closed, on which ground, from when to when, and until when."""

    id: str  # UUIDv7
    ground: str
    kind: Kind
    targets: tuple[str, ...]  # codes of agency or system; else pseudonyms, one for each year
    first: datetime  # accesses from here on
    last: datetime  # not included
    opens_at: datetime
    asked_by: str  # account id of the official
    agency: str  # of the official
    reason: str
    asked_at: datetime
    approved_at: datetime | None = None
    refused_at: datetime | None = None
    opened_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """Return where the seal stands at *now*; time opens it, whether or not anybody does."""
        if self.refused_at is not None:
            return State.REFUSED
        if self.opened_at is not None or now >= self.opens_at:
            return State.OPEN
        return State.ASKED if self.approved_at is None else State.LIVE


class Facts(Struct, frozen=True, kw_only=True):
    """What of a record decides whether it is sealed."""

    event: Event
    at: datetime
    agency: str | None = None
    system: str | None = None
    official: str | None = None  # pseudonym
    dossier: str | None = None  # pseudonym
    people: tuple[str, ...] = ()  # pseudonyms


def demand(seal: Seal) -> None:
    """Demand that *seal* stays within the limits of its ground.

    Raises:
        TermsRefused: names what is wrong: ground, in_force, targets, range, back, longest.
    """
    ground = GROUNDS.get(seal.ground)
    if ground is None:
        raise TermsRefused("ground")
    asked = seal.asked_at
    ended = ground.valid_to is not None and asked.date() >= ground.valid_to
    wrong = {
        "in_force": asked.date() < ground.valid_from or ended,
        "targets": not seal.targets,
        "range": not seal.first < seal.last <= seal.opens_at or seal.opens_at <= asked,
        "back": seal.first < asked - timedelta(days=ground.back_days),
        "longest": seal.opens_at > asked + timedelta(days=ground.longest_days),
    }
    for limit, broken in wrong.items():
        if broken:
            raise TermsRefused(limit)


def covers(seal: Seal, facts: Facts) -> bool:
    """Say whether *seal*, were it live, closes a record with *facts*."""
    if facts.event not in COVERED or not seal.first <= facts.at < seal.last:
        return False
    match seal.kind:
        case Kind.AGENCY:
            return facts.agency in seal.targets
        case Kind.SYSTEM:
            return facts.system in seal.targets
        case Kind.OFFICIAL:
            return facts.official in seal.targets
        case Kind.DOSSIER:
            return facts.dossier in seal.targets
        case Kind.PERSON:
            return not set(seal.targets).isdisjoint(facts.people)


def sealed(facts: Facts, seals: Iterable[Seal], now: datetime) -> bool:
    """Say whether one of *seals* closes a record with *facts* at *now*."""
    return any(seal.state(now) is State.LIVE and covers(seal, facts) for seal in seals)


def shown_from(facts: Facts, seals: Iterable[Seal], now: datetime) -> datetime | None:
    """Return when the last seal on a record opens by itself; None when none closes it."""
    closing = [s.opens_at for s in seals if s.state(now) is State.LIVE and covers(s, facts)]
    return max(closing, default=None)
