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
from gateway.stages.evidence import Asked, Consented, Decided, Identified

MOST = 10_000  # kinds of question remembered within one second
SECOND = timedelta(seconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_is_missing = partial(is_, None)

# Token, service, purpose, procedure, dossier?, fields, members given, standing, on whose behalf.
Kind: TypeAlias = tuple[
    str, str, str, str | None, bool, tuple[str, ...], tuple[bool, ...], Standing | None, str | None
]


class Settled:
    """The decisions of one second over one catalog."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._of: Snapshot | None = None
        self._since = self._until = _NEVER
        self._known: dict[Kind, Decided] = {}

    def recall(self, identified: Identified) -> Decided | None:
        """Return what was decided for this kind of question; no quota has been spent on it."""
        return self._known.get(kind_of(identified)) if self._is_fresh(identified.asked) else None

    def keep(self, consented: Consented) -> Consented:
        """Remember *consented* unless it looked at the person."""
        identified, decision = consented.identified, consented.decision
        if decision.personal or len(self._known) >= MOST:
            return consented
        if self._is_fresh(identified.asked) and decision.snapshot is self._of:
            self._known[kind_of(identified)] = decision
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
    subject = asked.subject
    # Of a subject without number and birth date, the members that are missing tell the standing.
    is_aged = subject.so_dinh_danh is not None or subject.ngay_sinh is not None
    return (
        principal.token_id,
        asked.service,
        asked.purpose,
        asked.procedure,
        asked.dossier is None,
        asked.fields,
        tuple(map(_is_missing, astuple(subject))),
        standing(subject, asked.at) if is_aged else None,
        asked.representative,
    )
