"""2 to 4 again, remembered: what was decided this very second for the same kind of question.

Agencies ask the same kind of question all day, each time about somebody else.  Where no agreement
line and no row of law looks at the person beyond their standing, the decision is the same for all
of them, and is taken once a second.  What does look at the person, such as a grant or a quota, is
never remembered; whether the rights still live is judged at the commit (promise P3).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import is_
from typing import TypeAlias

from msgspec.structs import astuple

from catalog.snapshot import Snapshot
from gateway.consents.ages import Standing, standing
from gateway.stages.evidence import Asked, Authorised, Consented, Identified, Resolved

MOST = 10_000  # kinds of question remembered within one second
SECOND = timedelta(seconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_is_missing = partial(is_, None)

# Token, service, purpose, procedure, dossier?, fields, members given, standing, on whose behalf.
Kind: TypeAlias = tuple[
    str, str, str, str | None, bool, tuple[str, ...], tuple[bool, ...], Standing, str | None
]


class Settled:
    """The decisions of one second over one catalog."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._of: Snapshot | None = None
        self._since = self._until = _NEVER
        self._known: dict[Kind, Consented] = {}

    def recall(self, identified: Identified) -> Consented | None:
        """Return what was decided for this kind of question, now about this subject.

        No quota has been spent on it.
        """
        if not self._is_fresh(identified.asked):
            return None
        known = self._known.get(kind_of(identified))
        return None if known is None else moved(known, identified)

    def keep(self, consented: Consented) -> Consented:
        """Remember *consented* unless it looked at the person."""
        resolved = consented.authorised.resolved
        if consented.personal or len(self._known) >= MOST:
            return consented
        if self._is_fresh(resolved.identified.asked) and resolved.snapshot is self._of:
            self._known[kind_of(resolved.identified)] = consented
        return consented

    def _is_fresh(self, asked: Asked) -> bool:
        """Forget everything when a second or a catalog has passed; False for a late question."""
        at, snapshot = asked.at, self._snapshot()
        if at >= self._until or snapshot is not self._of:
            self._since = at.replace(microsecond=0)
            self._until = self._since + SECOND
            self._of, self._known = snapshot, {}
        return at >= self._since


def kind_of(identified: Identified) -> Kind:
    """Return everything of a question that a decision may look at, but the person."""
    asked, principal = identified.asked, identified.principal
    return (
        principal.token_id,
        asked.service,
        asked.purpose,
        asked.procedure,
        asked.dossier is None,
        asked.fields,
        tuple(map(_is_missing, astuple(asked.subject))),
        standing(asked.subject, asked.at),
        asked.representative,
    )


def moved(known: Consented, identified: Identified) -> Consented:
    """Return *known* as the ground of another question of the same kind."""
    before = known.authorised
    resolved = Resolved(identified, before.resolved.snapshot, before.resolved.service)
    authorised = Authorised(
        resolved,
        before.agreement,
        before.scope,
        before.purpose,
        before.procedure,
        before.allowed,
        before.withheld,
    )
    return Consented(
        authorised,
        known.rule,
        known.basis,
        known.consent_id,
        known.allowed,
        known.withheld,
        known.rights,
        known.notice,
        known.personal,
    )
