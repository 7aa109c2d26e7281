"""Stand-ins that satisfy the protocols of the real thing; no patches anywhere."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from adapters.errors import SourceError
from adapters.protocol import Match, Query, Record
from auth.possession.shown import Shown
from auth.principals import Principal
from gateway.audit.entry import Entry, Receipt
from gateway.audit.leaf import Leaf
from gateway.audit.prepared import Prepared
from gateway.consents.grants import Grant, Representation
from gateway.rights import Right
from gateway.stages.evidence import Consented
from tests.builders import NOON


class FakeAdapter:
    """A source that answers what it was given, or fails as it was told."""

    def __init__(
        self, values: Mapping[str, object] | None = None, *, fails: SourceError | None = None,
        match: Match = Match.EXACT, subject_is: str = "adult",
    ) -> None:  # fmt: skip
        self.name = "population"
        self.queries: list[Query] = []
        self._values = dict(values or {})
        self._fails = fails
        self._match = match
        self._subject_is = subject_is

    async def open(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Nothing to close."""

    async def fetch(self, query: Query) -> Record:
        """Answer, and remember the question."""
        self.queries.append(query)
        if self._fails is not None:
            raise self._fails
        return Record(
            values=self._values, as_of=NOON, match=self._match, subject_is=self._subject_is
        )


def leaf_of(entry: Entry) -> Leaf:
    """Return the leaf of *entry*, read back from its bytes where it came in bytes."""
    body = entry.body
    return msgspec.json.decode(body.content, type=Leaf) if isinstance(body, Prepared) else body


class Kept(Struct, frozen=True):
    """One entry as the log holds it."""

    body: Leaf
    rights: tuple[Right, ...]


class FakeLog:
    """A log that keeps entries in memory, or refuses them as it was told."""

    def __init__(self, *refusals: Exception | None) -> None:
        self.entries: list[Kept] = []
        self._refusals = list(refusals)

    async def append(self, entry: Entry) -> Receipt:
        """Keep *entry*, unless this turn refuses."""
        refusal = self._refusals.pop(0) if self._refusals else None
        if refusal is not None:
            raise refusal
        self.entries.append(Kept(leaf_of(entry), entry.rights))
        return Receipt(
            entry_id=entry.body.id, writer="w1", seq=len(self.entries) - 1, leaf="0" * 64
        )


class FakeConsents:
    """Grants and representations in memory."""

    def __init__(
        self, grants: Sequence[Grant] = (), representations: Sequence[Representation] = ()
    ) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self._grants = grants
        self._representations = {each.id: each for each in representations}

    async def grants_for(
        self, principal_ref: str, recipient: str, purpose: str, service: str
    ) -> Sequence[Grant]:
        """Return every grant, and remember the question."""
        self.asked.append((principal_ref, recipient, purpose, service))
        return self._grants

    async def representation(self, record_id: str) -> Representation | None:
        """Return the representation of that id."""
        return self._representations.get(record_id)


class Live:
    """What the register of rights says is still live."""

    def __init__(self, *keys: str) -> None:
        self._keys = frozenset(keys)

    async def __call__(self, keys: Collection[str]) -> frozenset[str]:
        """Return those of *keys* that are live."""
        return self._keys & frozenset(keys)


async def unsigned(consented: Consented) -> Consented:
    """Stand for the stage of signatures where no agreement demands any."""
    raise AssertionError(consented.decision.cover.agreement.code)


def admitting(
    verify: Callable[[str, float], Principal],
) -> Callable[[str, Shown, float], Awaitable[Principal]]:
    """Return a door that asks for a token alone, where binding is not what is tested."""

    async def admit(token: str, shown: Shown, now: float) -> Principal:
        del shown
        return verify(token, now)

    return admit


async def kept_nowhere(receipt: Receipt, box: bytes, epoch: str) -> None:
    """Stand for the rows beside the record where nothing is ever sealed."""
    raise AssertionError(receipt.entry_id, len(box), epoch)
