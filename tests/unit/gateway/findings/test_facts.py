"""What rules see of a leaf, whatever stands in the log."""

from datetime import date, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from gateway.audit.leaf import body
from gateway.audit.stamps import microseconds
from gateway.errors import Code
from gateway.findings.facts import TURNED_AWAY, Fact, Outcome, fact_of
from gateway.findings.hours import Hours, local_day
from gateway.findings.tallies import MOST_SAMPLES, Key, Mark, Scope, tallied
from gateway.quota.windows import LOCAL
from gateway.sequencing.rows import Sequenced
from tests.audit_builders import an_access
from tests.finding_builders import DAY, WRITER, Call, pseudonym, recorded, spread


def the_fact(call: Call) -> Fact:
    """Return what rules see of *call*."""
    fact = fact_of(recorded([call])[0], Hours())
    assert fact is not None
    return fact


def test_a_leaf_tells_who_looked_at_whom_in_which_case() -> None:
    """By pseudonyms and codes alone."""
    assert Fact(
        index=0,
        day=DAY,
        off_hours=False,
        outcome=Outcome.RELEASED,
        agency="H31.12",
        system="mot-cua-h31",
        official=pseudonym("an"),
        subject=pseudonym("p0"),
        dossier=True,
        procedure="1.004222",
        agreement="TT-2026-0001",
    ) == the_fact(Call())


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *((code, Outcome.TURNED_AWAY) for code in sorted(TURNED_AWAY)),
        (Code.NO_MATCH, Outcome.NO_MATCH),
        (Code.SOURCE_TIMEOUT, Outcome.FAILED),
        (Code.AUDIT_UNAVAILABLE, Outcome.FAILED),
        (Code.RATE_LIMITED, Outcome.FAILED),
    ],
)
def test_only_asking_for_what_is_not_allowed_counts_as_being_turned_away(
    code: Code, outcome: Outcome
) -> None:
    """A source that is down must not make an official look curious."""
    assert outcome is the_fact(Call(refused=code)).outcome


def test_the_number_in_force_is_the_person() -> None:
    """Somebody with an old and a new number is one person."""
    leaf = an_access()
    assert leaf.subj is not None
    both = replace(leaf, subj=replace(leaf.subj, p=(pseudonym("old"), pseudonym("new"))))
    fact = fact_of(Sequenced(0, DAY, WRITER, 0, body(both)), Hours())

    assert fact is not None
    assert pseudonym("new") == fact.subject


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"ts":"x","type":"access"}',
        b'{"type":"access"}',
        b'{"ts":1,"type":"writer.open"}',
        b'{"ts":1,"type":"something.new"}',
        b'{"ts":-1,"type":"access"}',
        b'{"ts":1,"type":"access","actor":{"client":"a\\u0000b"}}',
        b'{"ts":1,"type":"access","actor":{"client":""}}',
        b'{"ts":1,"type":"access","actor":{"client":"a\\nb"}}',
        '{"ts":1,"type":"access","actor":{"org":"Sở"}}'.encode(),
        b'{"ts":1,"type":"access","actor":{"user":"an"}}',
        b'{"ts":1,"type":"access","actor":{"user":"%b"}}' % (b"A" * 32),
        b'{"ts":1,"type":"access","subj":{"p":["%b","%b"]}}' % (b"a" * 32, b"1" * 32),
        b'{"ts":1,"type":"access","actor":{"kin":"an"}}',
        b'{"ts":1,"type":"access","subj":{"p":["003190000123"]}}',
        b'{"ts":1,"type":"access","subj":{"n":9223372036854775808}}',
    ],
)
def test_a_record_of_another_kind_or_damaged_is_passed_over(entry: bytes) -> None:
    """One bad line must not stop the rules for everybody (verification names it)."""
    assert fact_of(Sequenced(0, DAY, WRITER, 0, entry), Hours()) is None


@pytest.mark.parametrize("ts", [0, 2**53 - 1, 10**15])
def test_a_clock_that_runs_wild_does_not_move_counts_to_other_years(ts: int) -> None:
    """The writer's own day holds."""
    entry = msgspec.json.encode({"ts": ts, "type": "access"})
    fact = fact_of(Sequenced(0, DAY, WRITER, 0, entry), Hours())

    assert fact is not None
    assert DAY == fact.day
    assert not fact.off_hours


@pytest.mark.parametrize(
    ("local", "off"),
    [
        ("2026-11-18 05:59", True),
        ("2026-11-18 06:00", False),
        ("2026-11-18 20:59", False),
        ("2026-11-18 21:00", True),
        ("2026-11-21 10:00", False),  # Saturday: one-stop shops are open
        ("2026-11-22 10:00", True),  # Sunday
        ("2026-09-02 10:00", True),  # National Day
        ("2027-02-08 10:00", True),  # announced
    ],
)
def test_night_sundays_and_holidays_are_off_hours(local: str, *, off: bool) -> None:
    """In the province's own time, whatever the server's."""
    at = datetime.fromisoformat(local).replace(tzinfo=LOCAL)

    assert off == Hours(holidays=frozenset({date(2027, 2, 8)})).is_off(at)
    assert date.fromisoformat(local[:10]) == local_day(at)
    assert microseconds(at) > 0


def test_a_person_counts_once_a_day_and_a_call_each_time() -> None:
    """Three looks at one applicant are three calls about one person."""
    facts = [the_fact(Call(minute=minute, dossier=None)) for minute in range(3)]
    added = tallied(facts)[Key(Scope.OFFICIAL, pseudonym("an"), DAY)]

    assert 3 == added.counts[Mark.CALLS]
    assert 3 == added.counts[Mark.BARE]
    assert 1 == sum(mark == Mark.PERSONS for mark, _ in added.met)


def test_shared_family_names_are_counted_by_person_and_only_where_both_are_known() -> None:
    """Of people, not of calls: a case is looked at more than once."""
    calls = [
        *spread(3, kin=True),
        *spread(3, hour=10, kin=True),
        Call(person="another", kin=False),
        Call(person="unnamed"),
        Call(person="refused", kin=True, refused=Code.CONSENT_REQUIRED),
    ]
    found = tallied([the_fact(call) for call in calls])
    marks = [(key.scope, mark) for key, added in found.items() for mark, _ in added.met]
    met = [each for each in marks if each[1] in {Mark.KIN, Mark.NAMED}]

    assert 3 == met.count((Scope.OFFICIAL, Mark.KIN))
    assert 4 == met.count((Scope.OFFICIAL, Mark.NAMED))
    assert 7 == len(met)  # systems have no family


def test_an_answer_about_many_counts_its_people() -> None:
    """A list names no one by one, but says how many."""
    found = tallied([the_fact(Call(person=None))])

    assert 120 == found[Key(Scope.SYSTEM, "mot-cua-h31", DAY)].counts[Mark.LISTED]


def test_samples_are_the_first_and_bounded() -> None:
    """Memory and rows stay small however many calls a day has."""
    facts = [the_fact(call) for call in spread(50)]
    found = tallied(replace(fact, index=at) for at, fact in enumerate(facts))
    samples = {tuple(each) for added in found.values() for each in added.samples.values()}

    assert {tuple(range(MOST_SAMPLES))} == samples


def test_a_call_without_an_official_counts_for_its_system_alone() -> None:
    """Batch systems act for nobody."""
    found = tallied([the_fact(Call(official=None, day=DAY + timedelta(days=1)))])

    assert {Scope.SYSTEM, Scope.AGREEMENT} == {key.scope for key in found}
