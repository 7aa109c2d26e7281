"""Findings on the wire: figures for programs, sentences for people, indexes for proof."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from gateway.findings.finding import Finding
from gateway.findings.texts import TITLES, explained
from gateway.search.desk import RECORD_ROUTE


class JudgeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an auditor confirms or dismisses."""

    reason: Annotated[str, Meta(max_length=4_000)]


class Judged(Struct, frozen=True, kw_only=True):
    """How a finding was judged; `entry` is the id of the record that says so."""

    by: str
    at: datetime
    reason: str
    entry: str


class FindingTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding."""

    id: str
    rule: str
    severity: str  # low | medium | high
    state: str  # open | confirmed | dismissed
    title_vi: str
    title_en: str
    explanation_vi: str
    explanation_en: str
    scope: str  # official | system | agreement
    actor: str
    agency: str | None = None
    about: str | None = None
    first_day: date
    last_day: date
    value: int
    usual: float
    threshold: float
    support: int
    raised_at: datetime
    judgement: Judged | None = None


class Evidence(Struct, frozen=True, kw_only=True):
    """One record that a finding rests on."""

    index: int
    record: str  # where to read it


class FindingShown(Struct, frozen=True, kw_only=True):
    """One finding with the first records it rests on; the rest is found by the query."""

    finding: FindingTold
    evidence: tuple[Evidence, ...]
    query: str  # for the search of records


class FindingsListed(Struct, frozen=True, kw_only=True):
    """One page of findings, newest day first."""

    items: tuple[FindingTold, ...]
    next_cursor: str | None


def told(finding: Finding) -> FindingTold:
    """Return *finding* in plain words."""
    found, judgement = finding.found, finding.judgement
    title, why = TITLES[found.rule], explained(found)
    return FindingTold(
        id=str(finding.id),
        rule=found.rule,
        severity=found.severity,
        state=finding.state,
        title_vi=title.vi,
        title_en=title.en,
        explanation_vi=why.vi,
        explanation_en=why.en,
        scope=found.scope,
        actor=found.actor,
        agency=found.agency,
        about=found.about or None,
        first_day=found.first_day,
        last_day=found.last_day,
        value=found.value,
        usual=found.usual,
        threshold=found.threshold,
        support=found.support,
        raised_at=finding.raised_at,
        judgement=None
        if judgement is None
        else Judged(
            by=judgement.by,
            at=judgement.at,
            reason=judgement.reason,
            entry=str(judgement.entry),
        ),
    )


def shown(finding: Finding) -> FindingShown:
    """Return *finding* with its evidence."""
    return FindingShown(
        finding=told(finding),
        evidence=tuple(
            Evidence(index=index, record=RECORD_ROUTE.replace("{index}", str(index)))
            for index in finding.found.sample
        ),
        query=f"finding:{finding.id}",
    )
