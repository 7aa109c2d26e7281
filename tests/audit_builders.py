"""Valid leaves to test with; each argument is what the test is about."""

from datetime import date

from gateway.audit.chain import Position
from gateway.audit.entry import Entry
from gateway.audit.events import Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import (
    Actor,
    Ground,
    Leaf,
    Request,
    Result,
    Stamp,
    Subjects,
    Target,
)
from gateway.audit.stamps import stamp_now
from gateway.clock import utc_now
from gateway.errors import Code
from gateway.rights import Right
from tests.history import Row

PSEUDONYM = "abcdefgh" * 4
DIGEST = "A" * 43
NODE = "gw1.0"
DAY = date(2026, 11, 21)


def a_stamp() -> Stamp:
    """Return a fresh stamp of the present instant."""
    return stamp_now(utc_now)


def an_access(stamp: Stamp | None = None, *, delivered: Delivered = Delivered.YES) -> Leaf:
    """Return the leaf of one ordinary read; its exchange has the leaf's own id."""
    mark = stamp or a_stamp()
    return Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.ACCESS,
        op=Op.READ,
        n=1,
        ms=12,
        actor=Actor(org="H31.12", client="mot-cua-h31", cnf=DIGEST, user=PSEUDONYM),
        subj=Subjects(k="2026", p=(PSEUDONYM,)),
        target=Target(
            dataset="csdl.dancu",
            service="dancu.tracuu",
            ver="1.0.0",
            asked=("ho_ten", "thuong_tru"),
            fields=("ho_ten",),
            sens=2,
            src="population",
        ),
        basis=Ground(
            decision=Decision.ALLOW,
            purpose="giai-quyet-tthc",
            proc="1.004222",
            law="nd217-2026-d7k3",
            agreement="TT-2026-0001@3#" + "ab" * 16,
            dossier=PSEUDONYM,
        ),
        req=Request(id=mark.id, m=Method.POST, route="/v1/data/{service}", d=DIGEST),
        res=Result(
            status=200, match=Matched.EXACT, bytes=812, rows=1, d=DIGEST, delivered=delivered
        ),
    )


def a_deny(*reasons: Code) -> Leaf:
    """Return the leaf of one refusal."""
    mark = a_stamp()
    return Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.DENY,
        op=Op.READ,
        actor=Actor(org="H31.99", client="mot-cua-h31"),
        basis=Ground(decision=Decision.DENY, reasons=reasons or (Code.NO_AGREEMENT,)),
        req=Request(id=mark.id, m=Method.POST, route="/v1/data/{service}"),
        res=Result(status=403, delivered=Delivered.NO),
    )


def an_entry(*rights: Right, leaf: Leaf | None = None) -> Entry:
    """Return an access that rests on *rights*."""
    return Entry(body=leaf or an_access(), rights=rights)


def a_position(writer: str = "gw1.0.261121.abcdefghijkm") -> Position:
    """Return the beginning of a sequence."""
    return Position(writer=writer, day=DAY)


def rows_of(stored: list[tuple[str, int, bytes, bytes]]) -> list[Row]:
    """Return database rows in the shape that the history checker judges."""
    return [Row(writer, seq, entry, leaf) for writer, seq, entry, leaf in stored]
