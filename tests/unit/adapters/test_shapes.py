"""Names, dates and records in the catalog's words."""

from datetime import UTC, datetime

import pytest

from adapters.client import QuestionRefused
from adapters.errors import SourceSchemaMismatch
from adapters.protocol import Match, PartialDate, Query, Record, Subject
from adapters.shapes import day_of, demand_same, digits_of, folded, instant_of, nfc, record
from catalog.entries import Operation, ServiceCode

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def asking(*fields: str) -> Query:
    """Return a question for *fields*."""
    return Query(
        service=ServiceCode("dancu.tracuu"),
        operation=Operation.SELECT,
        subject=Subject(),
        fields=frozenset(fields),
        deadline=0.0,
        exchange_id="e",
        agency="H99",
    )


def saying(values: dict[str, object], **reasons: str) -> Record:
    """Return all that a source said."""
    return Record(values=values, as_of=NOON, match=Match.EXACT, unavailable=reasons)


def test_only_asked_fields_are_kept_and_missing_ones_have_a_reason() -> None:
    """Least data: what was not asked does not travel further."""
    told = saying({"ho_ten": "Ánh", "cha": None, "me": "x"}, so_cmnd="card_replaced")

    kept = record(asking("ho_ten", "cha", "khac", "so_cmnd"), told)

    assert {"ho_ten": "Ánh"} == kept.values
    reasons = {"cha": "not_on_record", "khac": "not_offered", "so_cmnd": "card_replaced"}
    assert reasons == kept.unavailable


def test_false_and_empty_are_values() -> None:
    """«No restriction» and «no» are answers, not gaps."""
    told = saying({"khop": False, "han_che": []})

    assert {"khop": False, "han_che": []} == record(asking("khop", "han_che"), told).values


@pytest.mark.parametrize(
    ("day", "digits"),
    [
        ("1990-02-01", "19900201"),
        ("0990-02-01", "09900201"),
        (PartialDate(1950), "1950"),
        (PartialDate(1950, 3), "195003"),
        (PartialDate(1950, 3, 9), "19500309"),
        ("1950", "1950"),
        ("1950-03", "195003"),
    ],
)
def test_a_birth_date_keeps_what_is_known(day: str | PartialDate, digits: str) -> None:
    """Old people's dates are partial; nothing is made up."""
    assert digits == digits_of("population", day)


@pytest.mark.parametrize("day", ["1990-02-30", "x", "", PartialDate(1950, 13), "1990-02-01-04"])
def test_a_birth_date_that_is_none_is_refused(day: str | PartialDate) -> None:
    """The register would only answer that the form is wrong."""
    with pytest.raises(QuestionRefused):
        digits_of("population", day)


@pytest.mark.parametrize(
    ("digits", "day"),
    [("19500702", "1950-07-02"), ("195007", {"nam": 1950, "thang": 7}), ("1950", {"nam": 1950})],
)
def test_a_recorded_date_keeps_what_is_known(digits: str, day: object) -> None:
    """The builtins of a PartialDate, so that they travel as JSON."""
    assert day == day_of("population", digits)


@pytest.mark.parametrize("digits", ["19500732", "195013", "0000", "195", "hai nghìn", "2026W011"])
def test_a_recorded_date_that_is_none_is_a_mismatch(digits: str) -> None:
    """A register's typing error must not become a date."""
    with pytest.raises(SourceSchemaMismatch):
        day_of("population", digits)


@pytest.mark.parametrize("name", ["Đỗ Thị Ánh", "đỗ thị ánh", "DO THI ANH", "Đỗ  Thị Ánh"])
def test_names_are_compared_as_registers_do(name: str) -> None:
    """Unmarked, without blanks, upper case; composed or not."""
    assert "DOTHIANH" == folded(name)


def test_names_are_composed() -> None:
    """Decomposed letters would differ from the same name typed elsewhere."""
    assert "Nguyễn Ánh" == nfc("  Nguye\u0302\u0303n   A\u0301nh ")


def test_an_instant_without_offset_is_vietnamese() -> None:
    """The registers' clocks stand in Hà Nội."""
    assert NOON == instant_of("land", "2026-11-20T12:00:00")


@pytest.mark.parametrize("answered", [(), (None,), ("003190000124",)])
def test_an_answer_about_somebody_else_names_nobody(answered: tuple[str | None, ...]) -> None:
    """The gravest mistake a source can make must not be passed on, nor logged with a number."""
    with pytest.raises(SourceSchemaMismatch) as refused:
        demand_same("land", "003190000123", answered)

    assert "00319" not in str(refused.value)
