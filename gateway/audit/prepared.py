"""Records in their canonical bytes, without a number yet; and the form accesses are cut from.

Most of an access leaf repeats from call to call.  A form is made by encoding one checked leaf with
marks where the gaps are, so that its shape cannot differ from what `gateway.audit.leaf` writes; the
gaps take digests, pseudonyms and numbers that the gateway itself has made.
"""

from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import astuple, replace

from gateway.audit.events import Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import Actor, Ground, Leaf, Request, Result, Subjects, Target, body
from gateway.audit.words import NotAllowedInLeaf


class Beside(Struct, frozen=True):
    """What a record commits to and does not show."""

    box: bytes  # sealed, see `gateway.audit.details`
    epoch: str  # of the key without which nobody opens it


class Prepared(Struct, frozen=True):
    """One record as it will be stored, and what an outcome needs to follow it."""

    id: str
    content: bytes
    follows: str | None = None  # id of the access that an outcome would continue; None: no access
    request: str | None = None  # the exchange id
    beside: Beside | None = None  # stored after it, and before anything leaves


def prepared(leaf: Leaf, beside: Beside | None = None) -> Prepared:
    """Return *leaf* in its canonical bytes, with what it commits to *beside* it."""
    request = None if leaf.req is None else leaf.req.id
    return Prepared(leaf.id, body(leaf), _followed(leaf), request, beside)


def _followed(leaf: Leaf) -> str | None:
    """Return the access that says data left: *leaf* itself, or the intent it fulfils."""
    if leaf.res is None or leaf.res.delivered is not Delivered.YES:
        return None
    return leaf.id if leaf.type is Event.ACCESS else leaf.of


class Fixed(Struct, frozen=True, kw_only=True):
    """What accesses of one kind have in common; checked by its own constructors."""

    actor: Actor
    basis: Ground  # without a dossier
    target: Target
    epoch: str
    method: Method | None
    route: str


class Found(Struct, frozen=True, kw_only=True):
    """What is different each time, in the order in which it stands in a leaf.

    Every text was made by the gateway, none came over the wire.
    """

    dossier: str | None  # pseudonym
    id: str
    ms: int
    n: int  # people concerned
    digest: str  # of the question
    request: str  # the exchange id
    trace: str | None
    size: int  # bytes of the answer
    answer_digest: str
    match: Matched
    salt: str
    person: str  # pseudonym
    successor: str | None  # pseudonym of the number that a register names instead
    ts: int  # microseconds since 1970


Shape: TypeAlias = tuple[bool, bool, bool]  # dossier, trace, successor: which are missing

_DECISION = f'"decision":"{Decision.ALLOW}"'
_ID, _REQUEST = (f"{digit * 8}-ffff-ffff-ffff-ffffffffffff" for digit in "de")
_ASKED, _ANSWERED, _SALT = "A" * 43, "B" * 43, "C" * 22
_PERSON = "a" * 32
_TRACE = "f" * 32
_MS, _N, _SIZE, _TS = (2**53 - 1 - place for place in range(4))
_MARKED = Found(
    id=_ID,
    ts=_TS,
    salt=_SALT,
    ms=_MS,
    n=_N,
    person=_PERSON,
    successor=None,
    dossier=None,
    digest=_ASKED,
    request=_REQUEST,
    trace=_TRACE,
    match=Matched.EXACT,
    size=_SIZE,
    answer_digest=_ANSWERED,
)


class Form:
    """An access leaf with gaps, cut once for each set of members that it may have."""

    __slots__ = ("_leaf", "_of_shape")

    def __init__(self, fixed: Fixed) -> None:
        """Check the fixed parts and cut the gaps.

        Raises:
            NotAllowedInLeaf: a fixed part may not stand in a leaf.
        """
        self._leaf = body(access(fixed, _MARKED)).decode().replace("%", "%%")
        self._of_shape: dict[Shape, str] = {}
        self._cut((True, True, True))

    def filled(self, found: Found) -> Prepared:
        """Return the record of one access.

        Raises:
            NotAllowedInLeaf: it is about nobody and nothing.
        """
        if not found.person:
            raise NotAllowedInLeaf("an access without its subject")
        shape = found.dossier is None, found.trace is None, found.successor is None
        form = self._of_shape.get(shape) or self._cut(shape)
        return Prepared(found.id, (form % astuple(found)).encode(), found.id, found.request)

    def _cut(self, shape: Shape) -> str:
        form = self._leaf
        for mark, gap in _gaps(shape):
            if form.count(mark) != 1:
                raise ValueError("a fixed part looks like a gap")
            form = form.replace(mark, gap)
        self._of_shape[shape] = form
        return form


def access(fixed: Fixed, found: Found) -> Leaf:
    """Return one access built and checked by its constructors: what a filled form says, slowly.

    Raises:
        NotAllowedInLeaf: a part may not stand in a leaf, or it is about nobody and nothing.
    """
    return Leaf(
        id=found.id,
        ts=found.ts,
        salt=found.salt,
        type=Event.ACCESS,
        op=Op.READ,
        n=found.n,
        ms=found.ms,
        actor=fixed.actor,
        subj=Subjects(k=fixed.epoch, p=_pseudonyms(found)),
        target=fixed.target,
        basis=replace(fixed.basis, dossier=found.dossier),
        req=Request(
            m=fixed.method, route=fixed.route, id=found.request, trace=found.trace, d=found.digest
        ),
        res=Result(
            status=200,
            match=found.match,
            bytes=found.size,
            rows=1,
            d=found.answer_digest,
            delivered=Delivered.YES,
        ),
    )


def _pseudonyms(found: Found) -> tuple[str, ...]:
    return (found.person,) if found.successor is None else (found.person, found.successor)


def _gaps(shape: Shape) -> tuple[tuple[str, str], ...]:
    """Return marks and what takes their place, in the order in which they stand in a leaf.

    A member that is missing takes no room: `%.0s` writes nothing, whatever stands for it.
    """
    no_dossier, no_trace, no_successor = shape
    return (
        (_DECISION, _DECISION + ("%.0s" if no_dossier else ',"dossier":"%s"')),
        (_ID, "%s"),
        (str(_MS), "%d"),
        (str(_N), "%d"),
        (_ASKED, "%s"),
        (_REQUEST, "%s"),
        (f',"trace":"{_TRACE}"', "%.0s" if no_trace else ',"trace":"%s"'),
        (str(_SIZE), "%d"),
        (_ANSWERED, "%s"),
        ('"match":"exact"', '"match":"%s"'),
        (_SALT, "%s"),
        (_PERSON, "%s" + ("%.0s" if no_successor else '","%s')),
        (str(_TS), "%d"),
    )
