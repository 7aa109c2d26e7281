"""Histories for the rules: calls of officials and systems, planted and ordinary."""

import hashlib
import random
from base64 import b32encode
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gateway.audit.events import Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import Actor, Ground, Leaf, Request, Result, Subjects, Target, body
from gateway.audit.stamps import stamp
from gateway.errors import Code
from gateway.sequencing.rows import Sequenced, TreeHead

DAY = date(2026, 11, 18)  # a Wednesday, no holiday
DAWN = datetime(2026, 11, 18, tzinfo=UTC)
WRITER = "gw1.0.261118.abcdefghijkm"
ROUTE = "/v1/data/{service}"


def pseudonym(name: str) -> str:
    """Return a pseudonym of *name*, always the same."""
    return b32encode(hashlib.sha256(name.encode()).digest()[:20]).decode().lower()


class Call(Struct, frozen=True, kw_only=True):
    """One question about one person, told shortly; hours are local (UTC+7)."""

    day: date = DAY
    hour: int = 9
    minute: int = 0
    official: str | None = "an"
    person: str | None = "p0"
    dossier: str | None = "hs-1"
    procedure: str | None = "1.004222"
    refused: Code | None = None
    kin: bool | None = None
    system: str = "mot-cua-h31"
    agency: str = "H31.12"
    agreement: str = "TT-2026-0001"

    @property
    def at(self) -> datetime:
        """Return the instant, UTC."""
        midnight = datetime.combine(self.day, time(), tzinfo=UTC)
        return midnight + timedelta(hours=self.hour - 7, minutes=self.minute)

    def leaf(self) -> Leaf:
        """Return the leaf that the gateway would write."""
        mark = stamp(self.at)
        user = None if self.official is None else pseudonym(self.official)
        refused = self.refused
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.DENY if refused else Event.ACCESS,
            op=Op.READ,
            n=1,
            actor=Actor(org=self.agency, client=self.system, kin=self.kin, user=user),
            subj=_about(self.person),
            target=Target(dataset="csdl.dancu", service="dancu.tracuu"),
            basis=Ground(
                decision=Decision.DENY if refused else Decision.ALLOW,
                reasons=(refused,) if refused else (),
                agreement=f"{self.agreement}@3#{'ab' * 16}",
                proc=self.procedure,
                dossier=None if self.dossier is None else pseudonym(self.dossier),
            ),
            req=Request(id=mark.id, m=Method.POST, route=ROUTE),
            res=Result(
                status=403 if refused else 200,
                match=None if refused else Matched.EXACT,
                delivered=Delivered.NO if refused else Delivered.YES,
            ),
        )


def _about(person: str | None) -> Subjects:
    if person is None:
        return Subjects(k="2026", root="ab" * 32, n=120)
    return Subjects(k="2026", p=(pseudonym(person),))


def recorded(calls: Iterable[Call], first: int = 0) -> list[Sequenced]:
    """Return *calls* as records of the tree, in the order given."""
    return [
        Sequenced(index, call.day, WRITER, index, body(call.leaf()))
        for index, call in enumerate(calls, first)
    ]


def ordinary(days: int, officials: int, seed: int, until: date = DAY) -> list[Call]:
    """Return calls as offices make them: cases by day, few misses and refusals, a late one.

    Each official handles 6 to 24 cases on a working day, and looks at the person of a case once to
    three times.  One call in 50 finds nobody, one in 50 is refused, one in 100 has no dossier, one
    in 200 comes late in the evening.  Half of the officials are named Nguyễn, like 38 in 100 of the
    people; of the others' people one in 10 shares the name.
    """
    chance = random.Random(seed)
    calls: list[Call] = []
    for back in range(days - 1, -1, -1):
        day = until - timedelta(days=back)
        if day.isoweekday() <= 5:
            for number in range(officials):
                calls += _ordinary_day(chance, day, f"o{number}")
    return calls


def _ordinary_day(chance: random.Random, day: date, official: str) -> list[Call]:
    calls: list[Call] = []
    for case in range(chance.randint(6, 24)):
        named = f"{official}/{day}/{case}"
        share = 0.38 if int(official[1:]) % 2 else 0.1
        kin = random.Random(named).random() < share
        calls += [
            replace(_ordinary_call(chance, day, official, named), kin=kin)
            for _ in range(chance.randint(1, 3))
        ]
    return calls


def _ordinary_call(chance: random.Random, day: date, official: str, case: str) -> Call:
    refused = None
    if chance.random() < 1 / 50:
        refused = Code.NO_MATCH
    elif chance.random() < 1 / 50:
        refused = chance.choice((Code.CONSENT_REQUIRED, Code.PROCEDURE_NOT_COVERED))
    return Call(
        day=day,
        hour=22 if chance.random() < 1 / 200 else chance.randint(7, 17),
        minute=chance.randint(0, 59),
        official=official,
        person=f"p/{case}",
        dossier=None if chance.random() < 1 / 100 else f"hs/{case}",
        procedure=chance.choice(("1.004222", "1.013225", "2.000815")),
        refused=refused,
    )


class Log:
    """A tree in memory: what a follower reads."""

    def __init__(self, records: Sequence[Sequenced] = ()) -> None:
        self.records = list(records)

    def add(self, calls: Iterable[Call]) -> None:
        """Append *calls*."""
        self.records += recorded(calls, len(self.records))

    async def entries(self, first: int, limit: int) -> list[Sequenced]:
        """Return the records from *first* on."""
        return self.records[first : first + limit]

    async def head(self) -> TreeHead:
        """Return its size; nobody looks at the root here."""
        return TreeHead(len(self.records), b"", DAWN)


def spread(count: int, **said: Any) -> list[Call]:
    """Return *count* calls of one day, minute by minute, each about another person."""
    start = said.pop("hour", 8)
    calls: list[Call] = []
    for number in range(count):
        each: dict[str, Any] = {"person": f"s{number}", "dossier": f"hs-{number}", **said}
        calls.append(Call(hour=start + number // 60, minute=number % 60, **each))
    return calls
