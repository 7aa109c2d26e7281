"""Writes down who looks at the record, before anything is shown."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from msgspec.structs import replace

from auth.people import Person
from gateway.audit import words
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Decision, Event, Method
from gateway.audit.leaf import Ground, Leaf, Subjects
from gateway.audit.pseudonyms import Scheme
from gateway.audit.words import NotAllowedInLeaf
from gateway.search.rates import Rate

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]
Named: TypeAlias = tuple[tuple[Scheme, str], ...]


class Lookups:
    """The one way to look: counted, then recorded, and only then answered."""

    def __init__(self, acts: Acts, append: Append, rate: Rate) -> None:
        self._acts = acts
        self._append = append
        self._rate = rate

    async def record(
        self,
        person: Person,
        route: str,
        *,
        method: Method = Method.POST,
        asked: bytes = b"",
        about: Named = (),
        case: str | None = None,
        of_record: Subjects | None = None,
        agreement: str | None = None,
    ) -> str:
        """Return the id of the leaf, once it is durable that *person* looks.

        Args:
            person: who looks.
            route: template of the path.
            method: how it came.
            asked: the body or path as it came; kept as a salted digest.
            about: identifiers of the people looked for; kept as pseudonyms.
            case: the case that it is for; kept as a pseudonym.
            of_record: whom the record that is read is about, as it says itself.
            agreement: code of the agreement whose story is read; one that is no code is left out.

        Raises:
            Refusal: RATE_LIMITED.
            AuditUnavailable: it could not be recorded; nothing may be shown.
        """
        self._rate.spend(person.id)
        leaf = self._acts.leaf(
            Event.AUDIT_SEARCH,
            By(id=person.id, agency=person.agency, acr=person.acr),
            route=route,
            method=method,
            request=asked,
            subjects=about,
            dossier=case,
        )
        if of_record is not None:
            leaf = replace(leaf, subj=of_record)
        if agreement is not None:
            leaf = _of_agreement(leaf, agreement)
        await self._append(Entry(body=leaf))
        return leaf.id


def _of_agreement(leaf: Leaf, code: str) -> Leaf:
    """Return *leaf* as a look at the agreement *code*, so that its story tells who read it."""
    with suppress(NotAllowedInLeaf):
        return replace(leaf, basis=Ground(decision=Decision.ALLOW, agreement=words.code(code)))
    return leaf
