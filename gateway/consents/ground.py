"""What carries one call: the law in force, or a live consent, and who stands for the person; pure.

Source: catalog-consent.md 2.3 steps 3 to 5.  On any doubt the answer is no.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from catalog.entries import Answer, BasisCode, LegalBasis, Procedure, Rule, ServiceCode
from gateway.consents.ages import CHILD, local_day
from gateway.consents.grants import Grant, Representation
from gateway.consents.rules import Case, Ground, Ruling, bases_in_force, in_force
from gateway.consents.states import LIVE, ConsentState
from gateway.errors import Code, Refusal

ASSENT = "child_assent"
LISTED = "listed"
_STOPS = frozenset({ConsentState.WITHDRAWN, ConsentState.REFUSED})
_LAWFUL = frozenset({Answer.LAW, Answer.LAW_WITH_NOTICE, Answer.SUBJECT})


class _Kept(Struct, frozen=True):
    """The fields that are left after the procedure's list, and the others by code."""

    allowed: frozenset[str]
    withheld: tuple[tuple[str, str], ...] = ()


def ground(
    case: Case,
    ruling: Ruling,
    bases: Mapping[BasisCode, LegalBasis],
    grants: Sequence[Grant] = (),
    representation: Representation | None = None,
) -> Ground:
    """Return what carries *case* under *ruling*, and which fields it lets out.

    Args:
        case: the question.
        ruling: what `rule_on` returned for it.
        bases: every instrument of the catalog; only those in force on the day carry.
        grants: the person's records for this recipient, purpose and service; order is free.
        representation: the record that the caller named, when it named one.

    Raises:
        Refusal: REPRESENTATIVE_REQUIRED, PROCEDURE_REQUIRED, DOSSIER_REQUIRED,
            PROCEDURE_NOT_COVERED, OFFICIAL_REQUIRED, FIELD_NOT_ALLOWED, NO_LEGAL_BASIS,
            CONSENT_REQUIRED or CONSENT_WITHDRAWN.
    """
    acting = _representative(case, ruling, representation)
    kept = _meet_needs(case, ruling)
    if ruling.carrier.answer is Answer.CONSENT:
        return _by_consent(case, ruling, grants, acting, kept)
    basis = _law(case, ruling.carrier, bases)
    notice = Answer.LAW_WITH_NOTICE in (ruling.carrier.answer, basis.kind)
    if notice:
        _heed_objection(case, grants)
    return Ground(
        rule=ruling.rule,
        carrier=ruling.carrier,
        basis=basis,
        consent=None,
        representation=acting,
        allowed=kept.allowed,
        withheld=kept.withheld,
        notice=notice,
    )


def _representative(
    case: Case, ruling: Ruling, given: Representation | None
) -> Representation | None:
    """Return who acts for the person; only looked at when the table asks for it."""
    if not ruling.asks_representation:
        return None
    if given is None or case.principal_ref is None or given.principal_ref != case.principal_ref:
        raise Refusal(Code.REPRESENTATIVE_REQUIRED)
    if given.valid_to <= case.at:
        raise Refusal(Code.REPRESENTATIVE_REQUIRED, ended=True)
    child_speaks = case.standing.kind == CHILD and case.standing.assents
    if ASSENT in ruling.rule.needs and child_speaks and not given.child_assent:
        raise Refusal(Code.REPRESENTATIVE_REQUIRED, child_assent=False)
    return given


def _meet_needs(case: Case, ruling: Ruling) -> _Kept:
    """Refuse unless every need of both rows is met; return the fields that are left."""
    needs = ruling.carrier.needs
    if ruling.rule is not ruling.carrier:
        needs |= ruling.rule.needs
    for need in sorted(needs):
        _NEEDS.get(need, _unknown_need)(case, ruling.carrier)
    return _listed(case) if LISTED in needs else _Kept(case.allowed)


def _procedure_given(case: Case, _carrier: Rule) -> None:
    procedure = case.procedure
    if procedure is None:
        raise Refusal(Code.PROCEDURE_REQUIRED)
    if not in_force(procedure.valid_from, procedure.valid_to, local_day(case.at)):
        raise Refusal(Code.PROCEDURE_NOT_COVERED, procedure=procedure.code)
    if not is_competent(case.consumer, procedure):
        raise Refusal(Code.PROCEDURE_NOT_COVERED, procedure=procedure.code)


def is_competent(agency: str, procedure: Procedure) -> bool:
    """Say whether *agency*, or an agency that it is a unit of, handles *procedure*.

    Codes nest by dots (QĐ 20/2020/QĐ-TTg): H99.30.01 is a unit of H99.30.
    """
    competent = procedure.competent
    return agency in competent or any(agency.startswith(f"{code}.") for code in competent)


def _dossier_given(case: Case, _carrier: Rule) -> None:
    if not case.dossier:
        raise Refusal(Code.DOSSIER_REQUIRED)


def _official_given(case: Case, _carrier: Rule) -> None:
    if not case.official:
        raise Refusal(Code.OFFICIAL_REQUIRED)


def _judged_elsewhere(_case: Case, _carrier: Rule) -> None:
    """Take no decision here: the fields and the representative are judged on their own."""


def _unknown_need(_case: Case, carrier: Rule) -> None:
    """Refuse: a condition that nobody can judge is not met."""
    raise Refusal(Code.NO_LEGAL_BASIS, rule=carrier.code)


_NEEDS: dict[str, Callable[[Case, Rule], None]] = {
    "procedure": _procedure_given,
    "dossier": _dossier_given,
    "official": _official_given,
    LISTED: _judged_elsewhere,
    ASSENT: _judged_elsewhere,
}


def _listed(case: Case) -> _Kept:
    """Return the fields that the procedure lists for this service, and the others by code."""
    if case.procedure is None:
        raise Refusal(Code.PROCEDURE_REQUIRED)
    listed = case.procedure.elements.get(ServiceCode(case.service), frozenset())
    allowed = case.allowed & listed
    if not allowed:
        raise Refusal(Code.FIELD_NOT_ALLOWED, procedure=case.procedure.code)
    if allowed == case.allowed:
        return _Kept(allowed)
    code = Code.FIELD_NOT_ALLOWED.value
    return _Kept(allowed, tuple((name, code) for name in sorted(case.allowed - allowed)))


def _law(case: Case, carrier: Rule, bases: Mapping[BasisCode, LegalBasis]) -> LegalBasis:
    """Return the first instrument in force that may carry: the procedure's, then the scope's."""
    unproven = carrier.answer is Answer.SUBJECT and not case.subject_asks
    if carrier.answer not in _LAWFUL or unproven:
        raise Refusal(Code.NO_LEGAL_BASIS, rule=carrier.code)
    cited = (*(case.procedure.bases if case.procedure else ()), *case.scope_bases)
    live = bases_in_force(cited, bases, local_day(case.at))
    found = next((basis for basis in live if _carries(basis, carrier)), None)
    if found is None:
        raise Refusal(Code.NO_LEGAL_BASIS, rule=carrier.code)
    return found


def _carries(basis: LegalBasis, carrier: Rule) -> bool:
    """Say whether *basis* is of the row's kind; a stricter article brings its notice along."""
    if basis.kind is carrier.answer:
        return True
    return carrier.answer is Answer.LAW and basis.kind is Answer.LAW_WITH_NOTICE


def _heed_objection(case: Case, grants: Sequence[Grant]) -> None:
    """Stop when the person, told of a proactive use, has refused it and not come back."""
    ours = _addressed(case, grants)
    if any(_is_live(grant, case) for grant in ours):
        return
    if any(grant.state in _STOPS for grant in ours):
        raise Refusal(Code.CONSENT_WITHDRAWN, purpose=case.purpose, service=case.service)


def _by_consent(
    case: Case, ruling: Ruling, grants: Sequence[Grant], acting: Representation | None, kept: _Kept
) -> Ground:
    ours = _addressed(case, grants)
    live = [grant for grant in ours if _is_live(grant, case)]
    best = max(live, key=lambda each: _worth(each, case, kept.allowed), default=None)
    covered = frozenset[str]() if best is None else _covered(best, case, kept.allowed)
    if best is None or not covered:
        raise _without_consent(case, ours, live)
    code = Code.CONSENT_REQUIRED.value
    missing = tuple((name, code) for name in kept.allowed - covered)
    return Ground(
        rule=ruling.rule,
        carrier=ruling.carrier,
        basis=None,
        consent=best,
        representation=acting,
        allowed=covered,
        withheld=tuple(sorted((*kept.withheld, *missing))),
        notice=False,
    )


def _without_consent(case: Case, ours: Sequence[Grant], live: Sequence[Grant]) -> Refusal:
    """Tell apart a person who took it back from one who was never asked, or asked for less."""
    latest = max(ours, key=lambda each: (each.valid_from, each.id), default=None)
    withdrawn = latest is not None and latest.state == ConsentState.WITHDRAWN and not live
    code = Code.CONSENT_WITHDRAWN if withdrawn else Code.CONSENT_REQUIRED
    return Refusal(code, purpose=case.purpose, service=case.service)


def _addressed(case: Case, grants: Sequence[Grant]) -> list[Grant]:
    """Return the records of this person, to this recipient, for this purpose and service."""
    return [
        grant
        for grant in grants
        if grant.principal_ref == case.principal_ref
        and grant.recipient == case.consumer
        and grant.purpose == case.purpose
        and grant.service == case.service
    ]


def _is_live(grant: Grant, case: Case) -> bool:
    return grant.state in LIVE and grant.valid_from <= case.at < grant.valid_to


def _covered(grant: Grant, case: Case, allowed: frozenset[str]) -> frozenset[str]:
    """Return the granted fields; a sensitive one only when the notice said that it is."""
    return (allowed & grant.elements) - (case.sensitive - grant.told_sensitive)


def _worth(grant: Grant, case: Case, allowed: frozenset[str]) -> tuple[int, float, str]:
    """Order live grants: more fields first, then the longer life, then the newer id."""
    return len(_covered(grant, case, allowed)), grant.valid_to.timestamp(), grant.id
