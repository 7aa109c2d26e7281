"""Each way a catalog can fail to hang together has one name."""

from datetime import UTC, date, datetime

import pytest

from catalog.entries import (
    AgencyKind,
    Check,
    Component,
    Feed,
    FormField,
    Operation,
    PersonalKind,
    Place,
    ServiceState,
    Window,
)
from catalog.errors import Fault
from catalog.kinds import Entry, Kind
from catalog.lint import faults, is_enterprise_code, lapsed, lint, touched
from tests.catalog_builders import (
    agency,
    agreement,
    basis,
    dataset,
    element,
    procedure,
    purpose,
    scope,
    service,
    snapshot,
)

F = frozenset
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def found(*others: Entry) -> list[tuple[Fault, str]]:
    """Return what is wrong with the small catalog once *others* are in it."""
    return [(each.fault, each.code) for each in lint(snapshot(*others))]


def field(**members: object) -> FormField:
    """Return one field that only the applicant can fill."""
    whole = {"code": "x", "label_vi": "X", "label_en": "X"}
    return FormField(**(whole | members))  # type: ignore[arg-type]


def test_the_small_catalog_hangs_together() -> None:
    """Everything below breaks exactly one thing in it."""
    assert [] == found()


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (agency(code="H99/01"), Fault.CODE_FORM),
        (agency(code="h99"), Fault.CODE_FORM),
        (agency(code="0100112438", kind=AgencyKind.ENTERPRISE), Fault.CODE_FORM),
        (agency(code="H99" + ".123" * 9), Fault.CODE_FORM),
        (agency(parent="H98"), Fault.UNKNOWN_AGENCY),
        (agency(parent="H99.20"), Fault.PARENT_LOOP),
        (agency(name_vi=" "), Fault.TEXT_MISSING),
        (dataset(owner="H99.99"), Fault.UNKNOWN_AGENCY),
        (element("x", dataset="csdl.khac"), Fault.UNKNOWN_DATASET),
        (element("x", grade=5), Fault.GRADE_OUT_OF_RANGE),
        (element("x", personal_kind=PersonalKind.SENSITIVE), Fault.LETTER_MISSING),
        (basis(valid_to=date(2026, 7, 1)), Fault.VALIDITY_REVERSED),
        (basis(article=""), Fault.TEXT_MISSING),
        (purpose(code="có dấu"), Fault.CODE_FORM),
    ],
    ids=lambda each: str(each) if isinstance(each, Fault) else each.code,
)
def test_a_word_that_means_nothing_is_found(broken: Entry, fault: Fault) -> None:
    """The dictionary is what everything else is judged by."""
    assert fault in {each for each, _ in found(broken)}


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"owner": "H99.99"}, Fault.UNKNOWN_AGENCY),
        ({"dataset": "csdl.khac"}, Fault.UNKNOWN_DATASET),
        ({"dataset_version": "2.0.0"}, Fault.DATASET_VERSION_MISMATCH),
        ({"source": "land"}, Fault.SOURCE_MISMATCH),
        ({"elements": F()}, Fault.SERVICE_WITHOUT_ELEMENTS),
        ({"elements": F({"ho_ten", "thuong_tru", "mau_mat"})}, Fault.UNKNOWN_ELEMENT),
        ({"operation": Operation.BULK}, Fault.BULK_NOT_DISABLED),
        ({"state": ServiceState.DEPRECATED}, Fault.SUNSET_MISSING),
        ({"lower": "dancu.khac"}, Fault.UNKNOWN_SERVICE),
        ({"lower": "dancu.tracuu"}, Fault.LOWER_NOT_LOWER),
        ({"subject": ("cccd",)}, Fault.SUBJECT_UNKNOWN),
        ({"deadline_ms": 99}, Fault.DEADLINE_OUT_OF_RANGE),
        ({"deadline_ms": 30_001}, Fault.DEADLINE_OUT_OF_RANGE),
    ],
    ids=lambda each: str(each) if isinstance(each, Fault) else "",
)
def test_a_service_that_cannot_be_served_is_found(members: dict[str, object], fault: Fault) -> None:
    """A route comes from a published version and from nothing else."""
    assert (fault, "dancu.tracuu") in found(service(**members))


def test_a_bulk_service_may_be_named_when_it_is_disabled() -> None:
    """It is catalogued so that it can be refused by name."""
    bulk = service(code="dancu.ds", operation=Operation.BULK, state=ServiceState.DISABLED)

    assert [] == found(bulk)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"code": "1.13225"}, Fault.CODE_FORM),
        ({"competent": ("H98",)}, Fault.UNKNOWN_AGENCY),
        ({"bases": ("nd1",)}, Fault.UNKNOWN_BASIS),
        ({"applicant": ("cccd",)}, Fault.SUBJECT_UNKNOWN),
        ({"elements": {"dancu.khac": F({"ho_ten"})}}, Fault.UNKNOWN_SERVICE),
        ({"elements": {"dancu.tracuu": F({"dan_toc"})}}, Fault.PROCEDURE_EXCEEDS_SERVICE),
        ({"form": (field(service="dancu.tracuu"),)}, Fault.FORM_FIELD_WRONG),
        ({"form": (field(), field())}, Fault.CODE_FORM),
        ({"form": (field(component="anh"),)}, Fault.COMPONENT_UNKNOWN),
        ({"form": (field(service="dancu.x", element="ho_ten"),)}, Fault.UNKNOWN_SERVICE),
        ({"form": (field(service="dancu.tracuu", element="x"),)}, Fault.UNKNOWN_ELEMENT),
        ({"form": (field(alternatives=(("dancu.x", "ho_ten"),)),)}, Fault.UNKNOWN_SERVICE),
        ({"form": (field(confirms="so_to"),)}, Fault.SUBJECT_UNKNOWN),
        (
            {"elements": {"dancu.tracuu": F({"thuong_tru"})}},
            Fault.FORM_FIELD_NOT_LISTED,
        ),
        (
            {"components": (Component(code="don", name_vi="Đ", name_en="F", basis="nd1"),)},  # type: ignore[arg-type]
            Fault.UNKNOWN_BASIS,
        ),
        (
            {"components": (Component(code="don", name_vi="Đ", name_en="F", replaced_by=("x",)),)},  # type: ignore[arg-type]
            Fault.UNKNOWN_SERVICE,
        ),
    ],
    ids=lambda each: str(each) if isinstance(each, Fault) else "",
)
def test_a_procedure_that_asks_amiss_is_found(members: dict[str, object], fault: Fault) -> None:
    """Pre-fill and the once-only table are read from here."""
    assert fault in {each for each, _ in found(procedure(**members))}


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"feeds": (("x", "ho_ten", "dancu.tracuu", "ho_ten"),)}, Fault.UNKNOWN_SERVICE),
        ({"feeds": (("dancu.tracuu", "so_to", "dancu.tracuu", "ho_ten"),)}, Fault.SUBJECT_UNKNOWN),
        (
            {"feeds": (("dancu.tracuu", "ho_ten", "dancu.tracuu", "x"),)},
            Fault.UNKNOWN_ELEMENT,
        ),
        ({"compare": "roughly"}, Fault.RULE_WORD_UNKNOWN),
        ({"fields": ("none",)}, Fault.FORM_FIELD_UNKNOWN),
        ({"left": Place(element="cccd")}, Fault.SUBJECT_UNKNOWN),
    ],
    ids=lambda each: str(each) if isinstance(each, Fault) else "",
)
def test_feeds_and_checks_speak_of_what_is_there(members: dict[str, object], fault: Fault) -> None:
    """A check of a field that nobody asks for would never fail."""
    feeds = tuple(
        Feed(service=s, member=m, source=o, element=e)  # type: ignore[arg-type]
        for s, m, o, e in members.pop("feeds", ())  # type: ignore[attr-defined]
    )
    whole: dict[str, object] = {
        "code": "c",
        "label_vi": "C",
        "label_en": "C",
        "left": Place(element="ho_ten"),
        "right": Place(element="ho_ten", service="dancu.tracuu"),  # type: ignore[arg-type]
    }
    checks = (Check(**(whole | members)),)  # type: ignore[arg-type]

    assert fault in {each for each, _ in found(procedure(feeds=feeds, checks=checks))}


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"service": "dancu.khac"}, Fault.UNKNOWN_SERVICE),
        ({"elements": F()}, Fault.SCOPE_EMPTY),
        ({"purposes": F()}, Fault.SCOPE_EMPTY),
        ({"elements": F({"ho_ten", "dan_toc"})}, Fault.SCOPE_EXCEEDS_SERVICE),
        ({"purposes": F({"ban-lai"})}, Fault.UNKNOWN_PURPOSE),
        ({"bases": ("nd1",)}, Fault.UNKNOWN_BASIS),
        ({"procedures": F({"9.999999"})}, Fault.UNKNOWN_PROCEDURE),
        ({"calls_per_day": 0}, Fault.QUOTA_OUT_OF_RANGE),
        ({"persons_per_day": -1}, Fault.QUOTA_OUT_OF_RANGE),
        ({"window": Window(from_hour=17, to_hour=8)}, Fault.WINDOW_WRONG),
        ({"window": Window(days=F({0}))}, Fault.WINDOW_WRONG),
        ({"window": Window(to_hour=25)}, Fault.WINDOW_WRONG),
    ],
    ids=lambda each: str(each) if isinstance(each, Fault) else "",
)
def test_a_scope_that_lets_out_too_much_is_found(members: dict[str, object], fault: Fault) -> None:
    """What an agreement may not say, no exchange can release."""
    assert (fault, "TT-2026-0001") in found(agreement(scope(**members)))


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"consumer": "H99.99"}, Fault.UNKNOWN_AGENCY),
        ({"provider": "H99.30.01"}, Fault.PROVIDER_NOT_OWNER),
        ({"systems": F()}, Fault.AGREEMENT_WITHOUT_SCOPE),
        ({"items": {"cac_ben": "A và B"}}, Fault.ITEMS_INCOMPLETE),
        ({"valid_from": LATER}, Fault.VALIDITY_REVERSED),
    ],
    ids=lambda each: str(each) if isinstance(each, Fault) else "",
)
def test_an_agreement_that_is_not_whole_is_found(members: dict[str, object], fault: Fault) -> None:
    """The twelve items are what both sides signed."""
    assert (fault, "TT-2026-0001") in found(agreement(**members))


def test_two_scopes_of_one_name_are_found() -> None:
    """Quotas are counted by the scope's name."""
    assert (Fault.SCOPE_TWICE, "TT-2026-0001") in found(agreement(scope(), scope()))


def test_a_procedure_that_a_scope_cannot_serve_is_only_a_doubt() -> None:
    """It is useless, not dangerous: nothing leaves."""
    idle = procedure(elements={"dancu.tracuu": F({"thuong_tru"})}, form=())
    findings = tuple(lint(snapshot(idle)))

    assert [Fault.SCOPE_PROCEDURE_IDLE] == [each.fault for each in findings]
    assert () == faults(findings)


def test_a_finding_says_which_member() -> None:
    """The reader of an agreement of forty lines is told the line."""
    (finding,) = lint(snapshot(agreement(scope(), scope(id="b", bases=("nd1",)))))

    assert ("scopes", 1, "bases", 0) == finding.path


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2026, 6, 30), 2, id="the day before it is law"),
        pytest.param(date(2026, 7, 1), 0, id="its first day"),
        pytest.param(date(2027, 6, 30), 0, id="its last day"),
        pytest.param(date(2027, 7, 1), 2, id="the day it is repealed"),
    ],
)
def test_a_repealed_basis_lights_up_every_entry_that_cites_it(day: date, expected: int) -> None:
    """A procedure and a scope cite it; both must learn that it is gone."""
    held = snapshot(basis(valid_to=date(2027, 7, 1)))

    assert expected == len([*lapsed(held, day)])
    assert () == faults(lint(held))


def test_only_what_a_change_concerns_is_looked_at_again() -> None:
    """One suspended agreement must not cost a look at 100,000 others."""
    held = snapshot(agreement(code="TT-2", systems=F({"b"})))

    assert {(Kind.AGREEMENT, "TT-2")} == touched(held, [(Kind.AGREEMENT, "TT-2")])
    assert (Kind.AGREEMENT, "TT-2") in (touched(held, [(Kind.SERVICE, "dancu.tracuu")]) or ())
    assert (Kind.AGREEMENT, "TT-2") not in (touched(held, [(Kind.SERVICE, "khac")]) or ())
    assert None is touched(held, [(Kind.ELEMENT, "ho_ten")])


def test_a_narrower_service_is_found_through_its_agreements() -> None:
    """The agreement did not change, and still promises what nobody gives any more."""
    narrow = snapshot(service(elements=F({"thuong_tru"})))
    keys = touched(narrow, [(Kind.SERVICE, "dancu.tracuu")])

    assert Fault.SCOPE_EXCEEDS_SERVICE in {each.fault for each in lint(narrow, keys)}


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("0100112437", True),
        ("0100112437-001", True),
        ("0100112437001", True),
        ("0100112438", False),
        ("0100112437-000", False),
        ("010011243", False),
        ("0100000007", False),
        ("０100112437", False),
    ],
)
def test_enterprise_codes_carry_a_check_digit(code: str, good: bool) -> None:
    """A mistyped partner is found before it is published (domain.md 3.5)."""
    assert good is is_enterprise_code(code)
