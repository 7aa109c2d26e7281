"""How far an exchange came: what its latest proof says about who asked, and for what."""

from typing import TypeAlias

from auth.principals import Principal
from gateway.stages.evidence import (
    Answered,
    Authorised,
    Consented,
    Cover,
    Identified,
    Released,
    Resolved,
)

Known: TypeAlias = Identified | Resolved | Authorised | Consented | Answered | Released


def cover_of(known: Known) -> Cover | None:
    """Return the agreement line that covered the question, None when none was found."""
    consented = _consented_of(known)
    if consented is not None:
        return consented.decision.cover
    return known.cover if isinstance(known, Authorised) else None


def resolved_of(known: Known) -> Resolved | None:
    """Return the resolved service, None when the refusal came before it."""
    consented = _consented_of(known)
    if consented is not None:
        decision = consented.decision
        return Resolved(consented.identified, decision.snapshot, decision.service)
    if isinstance(known, Authorised):
        return known.resolved
    return known if isinstance(known, Resolved) else None


def principal_of(known: Known) -> Principal:
    """Return who asked; every known proof holds it."""
    resolved = resolved_of(known)
    if resolved is not None:
        return resolved.identified.principal
    assert isinstance(known, Identified)  # noqa: S101 - the only proof left
    return known.principal


def _consented_of(known: Known) -> Consented | None:
    if isinstance(known, Released):
        known = known.answered
    if isinstance(known, Answered):
        known = known.consented
    return known if isinstance(known, Consented) else None


def agency_of(known: Known) -> str:
    """Return the asking agency's code, for counters."""
    return principal_of(known).agency


def service_of(known: Known) -> str:
    """Return the service's code, for counters; "unknown" before it is resolved."""
    resolved = resolved_of(known)
    return "unknown" if resolved is None else resolved.service.code
