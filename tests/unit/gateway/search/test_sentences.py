"""Records in plain words."""

import pytest
from msgspec.structs import replace

from gateway.audit.events import Event
from gateway.errors import Code
from gateway.search.lines import counts, kind_of, line
from gateway.search.projection import Indexed
from gateway.search.sentences import said
from tests.builders import a_snapshot
from tests.unit.gateway.search.test_timelines import row


def an_access(**changes: object) -> Indexed:
    """Return the row of an access that the catalog knows nothing about."""
    plain = row(
        1, type="access", org="H1", client="mc", service="a.b", delivered="yes", proc="1.000001",
        fields=("ho_ten",), decision="allow",
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.mark.parametrize("event", Event)
def test_every_event_has_its_words(event: Event) -> None:
    """A new event that nobody put into words would show as a code."""
    found = said(row(1, type=event.value, org="H1", change_id="X"), a_snapshot())

    assert event.value not in {found.vi, found.en}
    assert found.vi != found.en
    assert "{" not in found.vi + found.en
    assert found.vi.isprintable()
    if "." in event.value:
        assert event.value.rpartition(".")[2] not in found.vi.split()


def test_names_of_the_catalog_are_told_and_unknown_ones_by_code() -> None:
    """An agency that was merged away is still somebody."""
    snapshot = a_snapshot()
    agency = next(iter(snapshot.agencies.values()))
    known = said(an_access(org=agency.code), snapshot)
    unknown = said(an_access(), snapshot)

    assert agency.name_vi in known.vi
    assert agency.name_en in known.en
    assert "H1 (hệ thống mc)" in unknown.vi


def test_a_refusal_says_why_and_an_undelivered_answer_that_it_is() -> None:
    """The reason is the one that the caller was given."""
    refused = said(an_access(type="deny", codes=(Code.QUOTA.value, "gone")), a_snapshot())
    lost = said(an_access(delivered="unknown", fields=()), a_snapshot())

    assert refused.vi.startswith("Từ chối H1")
    assert refused.vi != said(an_access(type="deny"), a_snapshot()).vi
    assert "chưa tới nơi" in lost.vi
    assert "không kèm dữ liệu" in lost.vi


def test_kinds_tell_readings_consents_and_configuration_apart() -> None:
    """A story is filtered by them."""
    kinds = {
        "access": "access", "deny": "refusal", "consent.withdraw": "consent",
        "audit.search": "reading", "own.read": "reading", "catalog.publish": "configuration",
        "system.suspend": "configuration", "seal.open": "seal", "writer.open": "log",
    }  # fmt: skip

    assert kinds == {event: kind_of(event) for event in kinds}


def test_counts_say_how_many_they_rest_on() -> None:
    """A count of a part is not passed off as one of the whole."""
    rows = [an_access(), an_access(org="H2"), an_access(org="H2", codes=("quota",))]
    found = counts(rows, whole=False)

    assert (3, False) == (found.rows, found.whole)
    assert [("H2", 2), ("H1", 1)] == [(each.value, each.n) for each in found.agency]
    assert [("quota", 1)] == [(each.value, each.n) for each in found.code]


def test_a_line_shows_when_the_record_says_it_was() -> None:
    """Microseconds since 1970, as UTC."""
    shown = line(an_access(ts=1_000_000), a_snapshot())

    assert "1970-01-01T00:00:01+00:00" == shown.at.isoformat()
