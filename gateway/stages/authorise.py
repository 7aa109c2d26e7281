"""3. May this agency use it, for this purpose, at all."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from adapters.protocol import Subject
from catalog.entries import (
    Agreement,
    AgreementState,
    Procedure,
    Purpose,
    PurposeKind,
    Scope,
    ServiceVersion,
)
from gateway.errors import Code, Refusal
from gateway.quota.ledger import Balance, Ledger
from gateway.quota.windows import open_at
from gateway.stages.evidence import Asked, Authorised, Cover, Identified, Resolved, Withheld

# From the first doubt to the last: the line that came furthest explains the refusal best.
ORDER = (
    Code.NO_AGREEMENT,
    Code.SCOPE_MISSING,
    Code.AGREEMENT_SUSPENDED,
    Code.AGREEMENT_EXPIRED,
    Code.PURPOSE_NOT_COVERED,
    Code.PROCEDURE_NOT_COVERED,
    Code.FIELD_NOT_ALLOWED,
    Code.OUTSIDE_WINDOW,
)


class Line(Struct, frozen=True):
    """One line of one agreement, held against one question."""

    agreement: Agreement
    scope: Scope
    allowed: frozenset[str]
    doubt: Code | None


class Authorise:
    """Decides, then counts: only a covered question spends quota."""

    def __init__(self, ledger: Ledger, person: Callable[[Subject, datetime], str | None]) -> None:
        self._ledger = ledger
        self._person = person

    async def __call__(self, resolved: Resolved) -> Authorised:
        """Return what `authorise` returns, once quotas and person budgets allow it.

        Raises:
            Refusal: as `authorise`; RATE_LIMITED, QUOTA or PERSON_BUDGET with `retry_after_s`.
        """
        cover = authorise(resolved)
        balance = await self.spend(resolved.identified, cover) if cover.is_counted else None
        return Authorised(resolved, cover, balance)

    async def spend(self, identified: Identified, cover: Cover) -> Balance | None:
        """Count one call; return the balance that is left after it.

        Raises:
            Refusal: RATE_LIMITED, QUOTA or PERSON_BUDGET with `retry_after_s`.
        """
        asked, scope = identified.asked, cover.scope
        person = self._person(asked.subject, asked.at) if scope.persons_per_day else None
        return await self._ledger.spend(cover.agreement, scope, person, asked.at)


def authorise(resolved: Resolved) -> Cover:
    """Return the agreement line that covers the question, and the fields it lets out.

    Raises:
        Refusal: PURPOSE_MISSING, PROCEDURE_REQUIRED, DOSSIER_REQUIRED, PROCEDURE_UNKNOWN, or the
            code of the line that came closest to covering it (`ORDER`).
    """
    asked = resolved.identified.asked
    purpose = _purpose(resolved)
    procedure = _procedure(resolved, purpose)
    wanted = frozenset(asked.fields) or resolved.service.elements
    line = _best_line(resolved, purpose, procedure, wanted)
    withheld = tuple(
        Withheld(name, _why_withheld(name, line.scope).value)
        for name in sorted(wanted - line.allowed)
        if asked.fields
    )
    counted = _is_counted(line.scope)
    return Cover(line.agreement, line.scope, purpose, procedure, line.allowed, withheld, counted)


def _is_counted(scope: Scope) -> bool:
    return not (scope.calls_per_day is scope.calls_per_minute is scope.persons_per_day is None)


def _purpose(resolved: Resolved) -> Purpose:
    purpose = resolved.snapshot.purposes.get(resolved.identified.asked.purpose)  # type: ignore[call-overload]
    if purpose is None:
        raise Refusal(Code.PURPOSE_MISSING)
    return purpose


def _procedure(resolved: Resolved, purpose: Purpose) -> Procedure | None:
    asked = resolved.identified.asked
    if purpose.kind is PurposeKind.PROCEDURE:
        if asked.procedure is None:
            raise Refusal(Code.PROCEDURE_REQUIRED)
        if asked.dossier is None:
            raise Refusal(Code.DOSSIER_REQUIRED)
    if resolved.service.dossier_required and asked.dossier is None:
        raise Refusal(Code.DOSSIER_REQUIRED)
    if asked.procedure is None:
        return None
    procedure = resolved.snapshot.procedures.get(asked.procedure)  # type: ignore[call-overload]
    if procedure is None:
        raise Refusal(Code.PROCEDURE_UNKNOWN)
    return procedure


def _best_line(
    resolved: Resolved, purpose: Purpose, procedure: Procedure | None, wanted: frozenset[str]
) -> Line:
    principal = resolved.identified.principal
    best: Line | None = None
    for agreement, scope in resolved.snapshot.covering(principal.client_id, resolved.service.code):  # type: ignore[arg-type]
        line = _judge(resolved, agreement, scope, purpose, procedure, wanted)
        if line.doubt is None:
            return line
        if best is None or _progress(line) > _progress(best):
            best = line
    if best is None or best.doubt is None:
        raise Refusal(Code.NO_AGREEMENT, service=resolved.service.code)
    raise Refusal(best.doubt, service=resolved.service.code, agreement=best.agreement.code)


def _progress(line: Line) -> int:
    return len(ORDER) if line.doubt is None else ORDER.index(line.doubt)


def _judge(  # noqa: PLR0917 - one line held against one question
    resolved: Resolved,
    agreement: Agreement,
    scope: Scope,
    purpose: Purpose,
    procedure: Procedure | None,
    wanted: frozenset[str],
) -> Line:
    allowed = wanted & scope.elements & resolved.service.elements
    if procedure is not None:
        allowed &= procedure.elements.get(resolved.service.code, frozenset())
    doubt = (
        _agreement_doubt(resolved, agreement)
        or _purpose_doubt(purpose, procedure, scope, resolved.service)
        or (None if allowed else Code.FIELD_NOT_ALLOWED)
        or (None if open_at(scope.window, resolved.identified.asked.at) else Code.OUTSIDE_WINDOW)
    )
    return Line(agreement, scope, allowed, doubt)


def _agreement_doubt(resolved: Resolved, agreement: Agreement) -> Code | None:
    principal = resolved.identified.principal
    asked: Asked = resolved.identified.asked
    if agreement.consumer != principal.agency:
        return Code.NO_AGREEMENT
    if agreement.code not in principal.scopes:
        return Code.SCOPE_MISSING
    if principal.narrows(agreement.code, resolved.service.code, asked.purpose):
        return Code.SCOPE_MISSING
    if agreement.state is not AgreementState.ACTIVE:
        return Code.AGREEMENT_SUSPENDED
    if not agreement.valid_from <= asked.at < agreement.valid_to:
        return Code.AGREEMENT_EXPIRED
    return None


def _purpose_doubt(
    purpose: Purpose, procedure: Procedure | None, scope: Scope, service: ServiceVersion
) -> Code | None:
    if purpose.code not in scope.purposes:
        return Code.PURPOSE_NOT_COVERED
    if procedure is None:
        return None
    if scope.procedures and procedure.code not in scope.procedures:
        return Code.PROCEDURE_NOT_COVERED
    if service.code not in procedure.elements:
        return Code.PROCEDURE_NOT_COVERED
    return None


def _why_withheld(name: str, scope: Scope) -> Code:
    """Say whether the agreement or the procedure keeps the field in."""
    return Code.PURPOSE_NOT_COVERED if name in scope.elements else Code.FIELD_NOT_ALLOWED
