"""Legal basis first: which row of the decision table speaks, and what it asks for; pure.

Source: domain.md 1.2.3, whose rows are catalog data.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from msgspec import Struct

from catalog.entries import (
    AgencyCode,
    AgencyKind,
    Answer,
    BasisCode,
    LegalBasis,
    PersonalKind,
    Procedure,
    PurposeKind,
    Rule,
)
from gateway.consents.ages import ADULT, Standing, local_day
from gateway.consents.grants import Grant, Representation
from gateway.errors import Code, Refusal
from gateway.rights import Right, consent_right, representation_right

_BY_WEIGHT = (PersonalKind.SENSITIVE, PersonalKind.BASIC, PersonalKind.NONE)
_ASKS_GRANTS = frozenset({Answer.CONSENT, Answer.LAW_WITH_NOTICE})


class Case(Struct, frozen=True, kw_only=True):
    """One question as the rules see it; everything else about the exchange is left out."""

    consumer: AgencyCode  # the recipient
    service: str
    purpose: str
    procedure: Procedure | None
    dossier: str | None
    official: bool  # a signed-in official stands behind the call
    scope_bases: tuple[BasisCode, ...]
    allowed: frozenset[str]  # element codes that the agreement lets out
    sensitive: frozenset[str]  # those of them in the class of NĐ 356/2025 Art 4
    standing: Standing
    principal_ref: str | None  # keyed pseudonym; None when no person is named
    subject_asks: bool = False  # the person asks, signed on at e-ID level 2
    at: datetime


class Ruling(Struct, frozen=True):
    """The row that speaks, and the row that carries the call.

    They differ when a representative must act: the second says what the person would need.
    """

    rule: Rule
    carrier: Rule

    @property
    def asks_grants(self) -> bool:
        """Consent records must be read: a grant may carry it, or an objection may stop it."""
        return self.carrier.answer in _ASKS_GRANTS

    @property
    def asks_representation(self) -> bool:
        """A live representation must be shown."""
        return self.rule.answer is Answer.REPRESENTATIVE


class Ground(Struct, frozen=True, kw_only=True):
    """What carries one call, and how far."""

    rule: Rule  # the row that spoke
    carrier: Rule  # the row that carries: the same, unless a representative acts
    basis: LegalBasis | None  # None only when a consent carries
    consent: Grant | None  # None whenever the law carries
    representation: Representation | None
    allowed: frozenset[str]
    withheld: tuple[tuple[str, str], ...]  # field and problem code, by field
    notice: bool  # the person is told and may refuse

    @property
    def rights(self) -> tuple[Right, ...]:
        """Return the rights of the person that the release rests on (promise P3)."""
        consent, acting = self.consent, self.representation
        return (
            *(() if consent is None else (consent_right(consent.id, consent.seq),)),
            *(() if acting is None else (representation_right(acting.id, acting.rev),)),
        )


def decide(
    rules: Iterable[Rule],
    *,
    consumer: AgencyKind,
    purpose: PurposeKind,
    personal: PersonalKind,
    subject_is: str,
    at: date,
) -> Rule:
    """Return the first live row that matches, in the table's order.

    Args:
        rules: rows in any order; `order` decides, then `code`.
        consumer: kind of the asking agency.
        purpose: kind of the purpose.
        personal: highest class among the elements asked.
        subject_is: adult, child or incapable.
        at: day in Việt Nam; a row counts from `valid_from` up to, not including, `valid_to`.

    Raises:
        Refusal: NO_LEGAL_BASIS when no row speaks.
    """
    matching = (
        rule
        for rule in rules
        if consumer in rule.consumers
        and purpose in rule.purposes
        and personal in rule.personal
        and subject_is in rule.subject
        and in_force(rule.valid_from, rule.valid_to, at)
    )
    found = min(matching, key=lambda each: (each.order, each.code), default=None)
    if found is None:
        raise Refusal(Code.NO_LEGAL_BASIS)
    return found


def rule_on(
    rules: Iterable[Rule],
    *,
    consumer: AgencyKind,
    purpose: PurposeKind,
    personal: PersonalKind,
    standing: Standing,
    at: datetime,
) -> Ruling:
    """Return the row that speaks for *standing* and the row that carries the call.

    Raises:
        Refusal: NO_LEGAL_BASIS when no row speaks; the row's own code when it refuses.
    """
    rows = tuple(rules)
    day = local_day(at)
    rule = decide(
        rows,
        consumer=consumer,
        purpose=purpose,
        personal=personal,
        subject_is=standing.kind,
        at=day,
    )
    carrier = rule
    if rule.answer is Answer.REPRESENTATIVE:
        carrier = decide(
            rows, consumer=consumer, purpose=purpose, personal=personal, subject_is=ADULT, at=day
        )
    for row in (rule, carrier):
        if row.answer is Answer.REFUSE:
            raise Refusal(_code_of(row))
    if carrier.answer is Answer.REPRESENTATIVE:  # a table that sends adults to a representative
        raise Refusal(Code.REPRESENTATIVE_REQUIRED)
    return Ruling(rule, carrier)


def highest(kinds: Iterable[PersonalKind]) -> PersonalKind:
    """Return the most protected class among *kinds*, NONE when there are none."""
    found = set(kinds)
    return next((kind for kind in _BY_WEIGHT if kind in found), PersonalKind.NONE)


def in_force(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Say whether *day* lies inside the validity; the end is not included."""
    return valid_from <= day and (valid_to is None or day < valid_to)


def bases_in_force(
    codes: Iterable[BasisCode], bases: Mapping[BasisCode, LegalBasis], day: date
) -> Iterator[LegalBasis]:
    """Give the instruments among *codes* that are law on *day*, in the given order."""
    for code in codes:
        basis = bases.get(code)
        if basis is not None and in_force(basis.valid_from, basis.valid_to, day):
            yield basis


def _code_of(row: Rule) -> Code:
    try:
        return Code(row.refusal)
    except ValueError:
        return Code.NO_LEGAL_BASIS
