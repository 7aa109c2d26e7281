"""Which records a seal closes, until when, and which seals there cannot be."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from catalog.entries import Mark
from gateway.audit.events import Event
from gateway.disclosure import seals
from gateway.disclosure.errors import TermsRefused
from gateway.disclosure.seals import GROUNDS, Facts, Kind, Seal, State, covers, demand, sealed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS = Facts(
    event=Event.ACCESS,
    at=NOW,
    agency="H99.20",
    system="dieu-tra",
    official="o" * 32,
    dossier="d" * 32,
    people=("p" * 32, "q" * 32),
)
SEAL = Seal(
    id="s",
    ground="dieu-tra-hinh-su",
    kind=Kind.AGENCY,
    targets=("H99.20",),
    first=NOW - DAY,
    last=NOW + DAY,
    opens_at=NOW + 30 * DAY,
    asked_by="cb-01",
    agency="H99.20",
    reason="Vụ án 12",
    asked_at=NOW - DAY,
    approved_at=NOW - DAY,
)
HITS = {
    Kind.AGENCY: "H99.20",
    Kind.SYSTEM: "dieu-tra",
    Kind.OFFICIAL: "o" * 32,
    Kind.DOSSIER: "d" * 32,
    Kind.PERSON: "q" * 32,
}


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_closes_its_own_target_and_no_other(kind: Kind) -> None:
    """A seal that closes too much hides what the person has a right to see."""
    assert covers(replace(SEAL, kind=kind, targets=("x", HITS[kind])), FACTS)
    assert not covers(replace(SEAL, kind=kind, targets=("x",)), FACTS)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_a_record_does_not_say_is_never_a_hit(kind: Kind) -> None:
    """None equals None must not close the log."""
    bare = Facts(event=Event.ACCESS, at=NOW)

    assert not covers(replace(SEAL, kind=kind), bare)


@pytest.mark.parametrize(
    ("seal", "expected"),
    [
        (SEAL, True),
        (replace(SEAL, approved_at=None), False),
        (replace(SEAL, approved_at=None, refused_at=NOW), False),
        (replace(SEAL, opened_at=NOW), False),
        (replace(SEAL, opens_at=NOW), False),
        (replace(SEAL, first=NOW + DAY), False),
        (replace(SEAL, last=NOW), False),
    ],
)
def test_only_an_approved_live_seal_over_the_instant_closes(seal: Seal, expected: bool) -> None:
    """One person's word closes nothing; time opens everything."""
    assert expected is sealed(FACTS, [seal], NOW)


@pytest.mark.parametrize("event", [Event.OWN_READ, Event.QUESTION_ASK, Event.AUDIT_SEARCH])
def test_only_accesses_and_refusals_are_closed(event: Event) -> None:
    """What the person did, and who audited, is not an investigation's to hide."""
    assert not sealed(replace(FACTS, event=event), [SEAL], NOW)


def test_the_last_of_several_seals_says_when_a_line_opens() -> None:
    """The person is told a day that holds."""
    longer = replace(SEAL, id="t", opens_at=NOW + 60 * DAY)

    assert NOW + 60 * DAY == seals.shown_from(FACTS, [SEAL, longer, SEAL], NOW)
    assert None is seals.shown_from(FACTS, [replace(SEAL, opened_at=NOW)], NOW)


@pytest.mark.parametrize(
    ("changed", "limit"),
    [
        ({"ground": "vi-thich"}, "ground"),
        ({"targets": ()}, "targets"),
        ({"first": NOW + DAY}, "range"),
        ({"last": NOW + 31 * DAY}, "range"),
        ({"opens_at": NOW - 2 * DAY}, "range"),
        ({"first": NOW - 32 * DAY}, "back"),
        ({"opens_at": NOW + 365 * DAY}, "longest"),
        ({"asked_at": datetime(2017, 1, 1, tzinfo=UTC)}, "in_force"),
    ],
)
def test_a_seal_outside_its_limits_is_refused_with_the_limit(
    changed: dict[str, object], limit: str
) -> None:
    """Nothing is sealed for ever, nor for any reason one likes."""
    with pytest.raises(TermsRefused) as refused:
        demand(replace(SEAL, **changed))

    assert limit == refused.value.limit


def test_a_seal_at_its_limit_is_a_seal() -> None:
    """The bound belongs to the ground."""
    last = replace(SEAL, opens_at=SEAL.asked_at + 365 * DAY)
    demand(last)

    assert State.LIVE is last.state(NOW)


@pytest.mark.parametrize("code", sorted(GROUNDS))
def test_no_ground_passes_for_verified(code: str) -> None:
    """Nobody here has read these articles for this use; the page says so."""
    assert Mark.KNOWLEDGE is GROUNDS[code].mark
    assert Mark.DERIVED is GROUNDS[code].longest_mark


def test_states_are_four() -> None:
    """What the public numbers count."""
    assert State.ASKED is replace(SEAL, approved_at=None).state(NOW)
    assert State.LIVE is SEAL.state(NOW)
    assert State.OPEN is SEAL.state(SEAL.opens_at)
    assert State.REFUSED is replace(SEAL, approved_at=None, refused_at=NOW).state(NOW)
