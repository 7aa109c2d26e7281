"""What the decision table must keep: every case has a row, every row has a case; pure.

Source of the table: domain.md 1.2.3.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import product
from typing import TypeAlias

from catalog.entries import AgencyKind, Answer, PersonalKind, PurposeKind, Rule
from catalog.errors import Fault, Finding, Path
from catalog.kinds import Kind
from catalog.snapshot import Snapshot

SUBJECTS = ("adult", "child", "incapable")
NEEDS = frozenset({"procedure", "dossier", "official", "listed", "child_assent"})
Case: TypeAlias = tuple[AgencyKind, PurposeKind, PersonalKind, str]
_CASES: tuple[Case, ...] = tuple(product(AgencyKind, PurposeKind, PersonalKind, SUBJECTS))


def lint_rule(entry: Rule, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with *entry* beside the other rows."""
    for path, words, known in (
        (("subject",), entry.subject, frozenset(SUBJECTS)),
        (("needs",), entry.needs, NEEDS),
    ):
        for word in sorted(words - known):
            yield _on(entry, Fault.RULE_WORD_UNKNOWN, path, named=word)
    for name in ("consumers", "purposes", "personal", "subject"):
        if not getattr(entry, name):
            yield _on(entry, Fault.TEXT_MISSING, (name,))
    if entry.answer is Answer.REFUSE and not entry.refusal:
        yield _on(entry, Fault.TEXT_MISSING, ("refusal",))
    for other in snapshot.rules:
        if other.order == entry.order and other.code < entry.code and _meet(other, entry):
            yield _on(entry, Fault.RULE_ORDER_TAKEN, ("order",), named=other.code)


def lint_table(rules: Iterable[Rule]) -> Iterator[Finding]:
    """Yield the doubts about the table as a whole: silent cases, rows that never speak.

    Doubts, not faults: a case without a row is refused, which harms nobody's data.
    """
    table = sorted(rules, key=lambda rule: (rule.order, rule.code))
    for case in _CASES if table else ():
        if not any(_covers(rule, case) for rule in table):
            named = " · ".join(case)
            yield Finding(
                fault=Fault.DECISION_TABLE_GAP,
                kind=Kind.RULE,
                facts={"named": named},
                severe=False,
            )
    for at, rule in enumerate(table):
        mine = [case for case in _CASES if _covers(rule, case)]
        before = [other for other in table[:at] if _outlives(other, rule)]
        if mine and all(any(_covers(other, case) for other in before) for case in mine):
            yield Finding(
                fault=Fault.RULE_UNREACHABLE,
                kind=Kind.RULE,
                code=rule.code,
                severe=False,
            )


def _covers(rule: Rule, case: Case) -> bool:
    consumer, purpose, personal, subject = case
    return (
        consumer in rule.consumers
        and purpose in rule.purposes
        and personal in rule.personal
        and subject in rule.subject
    )


def _outlives(other: Rule, rule: Rule) -> bool:
    """Say whether *other* is in force on every day on which *rule* is."""
    return other.valid_from <= rule.valid_from and _end(other) >= _end(rule)


def _meet(one: Rule, other: Rule) -> bool:
    """Say whether there is a day on which both are in force."""
    return one.valid_from < _end(other) and other.valid_from < _end(one)


def _end(rule: Rule) -> date:
    return rule.valid_to or date.max


def _on(entry: Rule, fault: Fault, path: Path, **facts: str) -> Finding:
    return Finding(fault=fault, kind=Kind.RULE, code=entry.code, path=path, facts=facts)
