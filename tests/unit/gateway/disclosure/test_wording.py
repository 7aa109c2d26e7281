"""Names as the catalog had them at the instant of an access."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.entries import Mark, PersonalKind
from catalog.kinds import Entry, Kind
from gateway.disclosure.wording import Named, Versions
from tests.catalog_builders import (
    agency,
    basis,
    dataset,
    element,
    procedure,
    purpose,
    rule,
    service,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def versions(kind: Kind, *entries: Entry) -> Versions:
    """Return the versions of one entry, an hour apart from noon on."""
    code = str(entries[0].code)
    return Versions({(kind, code): [(NOON + at * HOUR, e) for at, e in enumerate(entries)]})


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOON - HOUR, "Công an tỉnh"),
        (NOON, "Công an tỉnh"),
        (NOON + HOUR - timedelta(microseconds=1), "Công an tỉnh"),
        (NOON + HOUR, "Công an thành phố"),
        (NOON + 100 * HOUR, "Công an thành phố"),
    ],
)
def test_an_agency_has_the_name_that_it_had_then(at: datetime, expected: str) -> None:
    """A reform must not rewrite who looked."""
    names = versions(Kind.AGENCY, agency(), agency(name_vi="Công an thành phố"))

    assert expected == names.agency("H99.20", at).vi


def test_each_kind_of_code_has_its_words() -> None:
    """Both languages, from the catalog alone."""
    told = [
        (versions(Kind.DATASET, dataset()).dataset("csdl.dancu", NOON), dataset().title_vi),
        (versions(Kind.SERVICE, service()).service(service().code, NOON), service().title_vi),
        (versions(Kind.PURPOSE, purpose()).purpose(purpose().code, NOON), purpose().label_vi),
        (
            versions(Kind.PROCEDURE, procedure()).procedure(procedure().code, NOON),
            procedure().title_vi,
        ),
        (versions(Kind.ELEMENT, element()).field("ho_ten", NOON), element().name_vi),
    ]

    assert [vi for _, vi in told] == [named.vi for named, _ in told]


def test_a_code_that_the_catalog_never_knew_stays_a_code() -> None:
    """Better a code than a guess."""
    names = Versions()

    told = [
        names.agency("H1", NOON),
        names.system("x", NOON),
        names.service("x.y", NOON),
        names.field("f", NOON),
        names.purpose("p", NOON),
    ]

    assert ["H1", "x", "x.y", "f", "p"] == [each.vi for each in told]
    assert ("law", "luat", None) == (
        names.law("luat", NOON).kind, names.law("luat", NOON).vi, names.law("luat", NOON).mark,
    )  # fmt: skip
    assert "quy-tac" == names.rule("quy-tac", NOON).vi


def test_sensitive_fields_are_marked() -> None:
    """A person must be told that what was read is sensitive (NĐ 356/2025 Art 6)."""
    kept = element(code="ton_giao", personal_kind=PersonalKind.SENSITIVE, legal_letter="Đ4.1.b")

    assert versions(Kind.ELEMENT, kept).field("ton_giao", NOON).sensitive
    assert not versions(Kind.ELEMENT, element()).field("ho_ten", NOON).sensitive


def test_a_basis_is_cited_with_its_mark() -> None:
    """A derived rule is never shown as verified."""
    derived = basis(mark=Mark.DERIVED)
    told = versions(Kind.BASIS, derived).law(derived.code, NOON)
    row = rule(mark=Mark.SECONDARY)

    assert ("law", "D") == (told.kind, told.mark)
    assert derived.article in told.vi
    assert derived.instrument in told.vi
    assert "S" == versions(Kind.RULE, row).rule(row.code, NOON).mark


def test_a_system_has_the_name_of_its_registration_then() -> None:
    """Systems are renamed as well."""
    old, new = (Named(code="mc", vi=vi, en=vi) for vi in ("Một cửa", "Một cửa số"))
    names = Versions(systems={"mc": [(NOON, old), (NOON + HOUR, new)]})

    assert [old, new] == [names.system("mc", at) for at in (NOON, NOON + HOUR)]
