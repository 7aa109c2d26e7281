"""The states of a consent and the moves between them: one table, the database holds the same.

Source: catalog-consent.md 2.2; the words are those of the Data Privacy Vocabulary 2.3.
"""

from enum import StrEnum


class ConsentState(StrEnum):
    """What the last event of a record says."""

    REQUESTED = "requested"
    DEFERRED = "deferred"
    REFUSED = "refused"
    GIVEN = "given"
    RENEWED = "renewed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # by the person, or the representative
    REVOKED = "revoked"  # by an authority
    INVALIDATED = "invalidated"  # the agreement or the representation ended


_S = ConsentState
_ENDS = frozenset({_S.RENEWED, _S.EXPIRED, _S.WITHDRAWN, _S.REVOKED, _S.INVALIDATED})

LIVE = frozenset({_S.GIVEN, _S.RENEWED})
FINAL = frozenset({_S.REFUSED, _S.EXPIRED, _S.WITHDRAWN, _S.REVOKED, _S.INVALIDATED})

# None: no event yet.  A final record stays final: a new grant is a new record.
MOVES: dict[ConsentState | None, frozenset[ConsentState]] = {
    None: frozenset({_S.REQUESTED, _S.GIVEN, _S.REFUSED}),
    _S.REQUESTED: frozenset({_S.GIVEN, _S.REFUSED, _S.DEFERRED}),
    _S.DEFERRED: frozenset({_S.GIVEN, _S.REFUSED}),
    _S.GIVEN: _ENDS,
    _S.RENEWED: _ENDS,
    **{state: frozenset[ConsentState]() for state in FINAL},
}


def may_move(before: ConsentState | None, after: ConsentState) -> bool:
    """Say whether an event *after* may follow the state *before*."""
    return after in MOVES[before]
