"""The fewest and least intrusive questions."""

from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.documents import read_folder
from catalog.entries import (
    ElementCode,
    Feed,
    FormField,
    Operation,
    Procedure,
    ServiceCode,
    ServiceState,
    ServiceVersion,
)
from gateway.prefill.plan import INTRUSION, MOST_CALLS, MOST_OPEN, Plan, plan
from gateway.prefill.reasons import Left
from tests.builders import a_procedure, a_service
from tests.prefill_builders import (
    HOLDER,
    LOOKUP,
    MARRIED,
    PARCEL,
    PERSON,
    SHAPES,
    TITLE,
    VERIFY,
    a_field,
    the_permit,
    the_services,
)

GIVEN = frozenset(PERSON)
ALL = {code: frozenset(map(ElementCode, shape[1])) for code, shape in SHAPES.items()}


def planned(
    procedure: Procedure,
    given: frozenset[str] = GIVEN,
    wanted: frozenset[str] = frozenset(),
    **more: object,
) -> Plan:
    """Return the plan with every service open and every element agreed."""
    members: dict[str, object] = {"services": the_services(), "allowed": ALL} | more
    return plan(procedure, given=given, wanted=wanted, **members)  # type: ignore[arg-type]


def asked(found: Plan) -> dict[str, tuple[str, ...]]:
    """Return what the plan asks of whom."""
    return {call.service: call.elements for call in found.calls}


def test_one_question_for_each_service_with_the_union_of_its_fields() -> None:
    """Three fields of one register are one exchange."""
    found = planned(the_permit())

    assert {
        VERIFY: ("khop",),
        LOOKUP: ("gioi_tinh", "thuong_tru"),
        TITLE: ("so_phat_hanh", "thua_dat"),
        HOLDER: ("khop",),
    } == asked(found)


def test_a_question_that_another_answers_anyway_is_not_asked() -> None:
    """Fewest first: the sex comes with the address, nobody is asked about a marriage."""
    assert MARRIED not in asked(planned(the_permit()))


def test_between_equals_the_least_intrusive_is_asked() -> None:
    """Status before fields (domain.md 4.8)."""
    found = planned(the_permit(), wanted=frozenset({"chu.gioi_tinh"}))

    assert {MARRIED: ("gioi_tinh",)} == asked(found)


def test_a_form_may_name_the_intrusive_service_first() -> None:
    """The order of the form does not outrank the least intrusive one."""
    form = (a_field("x", LOOKUP, "gioi_tinh", alternatives=((MARRIED, "gioi_tinh"),)),)

    assert {MARRIED: ("gioi_tinh",)} == asked(planned(the_permit(form=form)))


def test_nobody_is_asked_about_what_only_the_applicant_knows() -> None:
    """The name of the building stands in no register."""
    found = planned(the_permit(), wanted=frozenset({"cong_trinh.ten"}))

    assert ((), {"cong_trinh.ten": Left.APPLICANT}) == (found.calls, found.left)


def test_what_is_fed_comes_after_what_feeds_it() -> None:
    """The serial number comes from the certificate."""
    found = planned(the_permit(), wanted=frozenset({"dat.la_chu"}))

    assert [TITLE, HOLDER] == [call.service for call in found.calls]
    assert ("so_phat_hanh",) == found.calls[0].elements
    assert "so_phat_hanh" == found.calls[1].feeds[0].member


def test_what_the_counter_knows_is_not_asked_for() -> None:
    """With the serial number given there is no second wave."""
    found = planned(the_permit(), GIVEN | {"so_phat_hanh"}, wanted=frozenset({"dat.la_chu"}))

    assert [(HOLDER, ())] == [(call.service, call.feeds) for call in found.calls]


@pytest.mark.parametrize(
    ("form", "change", "reason"),
    [
        (a_field("x", PARCEL, "dien_tich"), {}, Left.SUBJECT),
        (a_field("x", HOLDER, "khop"), {"allowed": {**ALL, TITLE: frozenset()}}, Left.SUBJECT),
        (a_field("x", "dancu.la", "ho_ten"), {}, Left.NO_SERVICE),
        (a_field("x", LOOKUP, "dan_toc"), {}, Left.NOT_LISTED),
        (a_field("x", LOOKUP, "ho_ten"), {"allowed": {}}, Left.NO_AGREEMENT),
        (a_field("x", VERIFY, "khop", confirms="so_cmnd"), {}, Left.SUBJECT),
    ],
    ids=["no parcel", "feeder not agreed", "no such service", "not in it", "no agreement",
         "nothing to confirm"],
)  # fmt: skip
def test_a_field_that_cannot_be_asked_for_says_why(
    form: FormField, change: dict[str, Any], reason: Left
) -> None:
    """The counter sees what is missing, not an empty box."""
    found = planned(the_permit(form=(form,)), **change)

    assert ((), {"x": reason}) == (found.calls, found.left)


@pytest.mark.parametrize("state", [ServiceState.DISABLED, ServiceState.RETIRED])
def test_a_closed_service_is_not_asked(state: ServiceState) -> None:
    """A question that would be refused is no question."""
    services = {**the_services(), LOOKUP: a_service(code=LOOKUP, state=state)}
    form = (a_field("x", LOOKUP, "thuong_tru"),)

    assert Left.NO_SERVICE == planned(the_permit(form=form), services=services).left["x"]


def test_a_bulk_service_is_never_asked() -> None:
    """Lists of people fill nobody's form."""
    bulk = a_service(code=LOOKUP, operation=Operation.BULK)
    form = (a_field("x", LOOKUP, "thuong_tru"),)

    found = planned(the_permit(form=form), services={**the_services(), LOOKUP: bulk})

    assert Left.NO_SERVICE == found.left["x"]


def test_a_feeder_is_not_fed_itself() -> None:
    """Two waves, never three."""
    feeds = (
        Feed(service=PARCEL, member="so_to", source=TITLE, element=ElementCode("thua_dat")),
        Feed(service=PARCEL, member="so_thua", source=TITLE, element=ElementCode("thua_dat")),
        Feed(service=PARCEL, member="ma_xa", source=LOOKUP, element=ElementCode("thuong_tru")),
        Feed(service=TITLE, member="ma_xa", source=LOOKUP, element=ElementCode("thuong_tru")),
    )
    form = (a_field("x", PARCEL, "dien_tich"),)

    assert Left.SUBJECT == planned(the_permit(form=form, feeds=feeds)).left["x"]


def many(count: int) -> tuple[Procedure, dict[ServiceCode, ServiceVersion]]:
    """Return a form of *count* fields, each from a service of its own."""
    codes = [ServiceCode(f"s{place:02}") for place in range(count)]
    services = {
        code: a_service(code=code, elements=frozenset({"ho_ten"}), subject=PERSON) for code in codes
    }
    form = tuple(a_field(code, code, "ho_ten") for code in codes)
    elements = {code: frozenset({ElementCode("ho_ten")}) for code in codes}
    return a_procedure(form=form, elements=elements), services


def test_the_number_of_questions_is_bounded() -> None:
    """One form is not a way to ask everybody."""
    procedure, services = many(MOST_CALLS + 3)

    found = plan(procedure, services, procedure.elements, GIVEN)

    assert MOST_CALLS == len(found.calls)
    assert [Left.BEYOND] * 3 == list(found.left.values())


def test_a_form_with_endless_alternatives_is_planned_all_the_same() -> None:
    """Beyond what can be tried the most useful services are taken, within the bound."""
    procedure, services = many(2 * MOST_OPEN + 4)
    codes = list(services)
    pairs = zip(codes[::2], codes[1::2], strict=True)
    form = tuple(
        a_field(one, one, "ho_ten", alternatives=((other, "ho_ten"),)) for one, other in pairs
    )
    wide = a_procedure(form=form, elements=procedure.elements)

    found = plan(wide, services, wide.elements, GIVEN)

    assert MOST_CALLS == len(found.calls) == len(found.chosen)


CODES = tuple(ServiceCode(f"s{place}") for place in range(5))
NAMES = tuple(ElementCode(f"e{place}") for place in range(3))


@st.composite
def puzzles(draw: st.DrawFn) -> tuple[Procedure, dict[ServiceCode, ServiceVersion]]:
    """Draw a form whose fields can come from several services each."""
    services = {
        code: a_service(
            code=code,
            operation=draw(st.sampled_from([*Operation])),
            elements=frozenset(draw(st.sets(st.sampled_from(NAMES), min_size=1))),
            subject=draw(st.sampled_from([PERSON, ("so_thua",), ("so_to",)])),
        )
        for code in CODES
    }
    option = st.tuples(st.sampled_from(CODES), st.sampled_from(NAMES))
    form = tuple(
        a_field(f"f{place}", *draw(option), alternatives=tuple(draw(st.lists(option, max_size=3))))
        for place in range(draw(st.integers(1, 5)))
    )
    feeds = tuple(
        Feed(service=draw(st.sampled_from(CODES)), member=member,
             source=draw(st.sampled_from(CODES)), element=draw(st.sampled_from(NAMES)))
        for member in draw(st.lists(st.sampled_from(["so_thua", "so_to"]), max_size=3))
    )  # fmt: skip
    listed = {code: frozenset(draw(st.sets(st.sampled_from(NAMES)))) for code in CODES}
    return a_procedure(form=form, feeds=feeds, elements=listed), services


def closed(found: Plan) -> bool:
    """Say whether every feeder is asked, earlier, for what it feeds."""
    places = {call.service: place for place, call in enumerate(found.calls)}
    return all(
        places.get(feed.source, 99) < place
        and feed.element in found.calls[places[feed.source]].elements
        for place, call in enumerate(found.calls)
        for feed in call.feeds
    )


@settings(max_examples=300)
@given(puzzles())
def test_a_plan_asks_only_for_what_is_listed_agreed_and_needed(
    puzzle: tuple[Procedure, dict[ServiceCode, ServiceVersion]],
) -> None:
    """Least data (promise P4): every element has a field, or feeds another question."""
    procedure, services = puzzle
    found = plan(procedure, services, procedure.elements, GIVEN)
    needed = {*found.chosen.values()} | {
        (feed.source, feed.element) for call in found.calls for feed in call.feeds
    }
    asked_for = [(call.service, element) for call in found.calls for element in call.elements]

    assert needed == set(asked_for)
    assert len(asked_for) == len(set(asked_for))
    assert all(element in procedure.elements[code] for code, element in asked_for)
    assert len({call.service for call in found.calls}) == len(found.calls) <= MOST_CALLS
    assert {field.code for field in procedure.form} == found.chosen.keys() | found.left.keys()
    assert not found.chosen.keys() & found.left.keys()
    assert closed(found)


def enough(plans: Plan, all_fields: frozenset[str]) -> bool:
    """Say whether a plan fills every one of *all_fields*."""
    return all_fields <= plans.chosen.keys()


@settings(max_examples=200)
@given(puzzles())
def test_no_smaller_or_milder_set_of_services_fills_as_much(
    puzzle: tuple[Procedure, dict[ServiceCode, ServiceVersion]],
) -> None:
    """Compared with every set of services there is."""
    procedure, services = puzzle
    best = plan(procedure, services, procedure.elements, GIVEN)
    filled = frozenset(best.chosen)
    weight = sum(INTRUSION[call.operation] for call in best.calls)

    for size in range(len(best.calls) + 1):
        for some in combinations(CODES, size):
            fewer = plan(
                procedure, {code: services[code] for code in some}, procedure.elements, GIVEN
            )
            if enough(fewer, filled):
                mine = (len(best.calls), weight)
                theirs = (
                    len(fewer.calls),
                    sum(INTRUSION[call.operation] for call in fewer.calls),
                )
                assert mine <= theirs
    assert best == plan(procedure, services, procedure.elements, GIVEN)


@cache
def seed() -> tuple[object, ...]:
    """Return every seeded entry."""
    folder = Path(__file__).parents[4] / "deploy" / "seed"
    return tuple(each.entry for each in read_folder(folder).items)


def seeded_services() -> dict[ServiceCode, ServiceVersion]:
    """Return the seeded services by code."""
    return {each.code: each for each in seed() if isinstance(each, ServiceVersion)}


FORMS = [each for each in seed() if isinstance(each, Procedure) and each.form]


@pytest.mark.parametrize("procedure", FORMS, ids=[each.code for each in FORMS])
def test_every_seeded_form_can_be_filled_but_for_what_only_people_know(
    procedure: Procedure,
) -> None:
    """With every agreement signed, a field is left for the applicant or for a missing member."""
    given = frozenset(procedure.applicant)

    found = plan(procedure, seeded_services(), procedure.elements, given)

    assert set(found.left.values()) <= {Left.APPLICANT, Left.SUBJECT}
    assert found.chosen
    assert closed(found)


def test_the_seeded_building_permit_takes_four_questions_for_its_fields() -> None:
    """The person, the marriage, the certificate, and whether the one holds the other."""
    procedure = next(each for each in FORMS if each.code == "1.013225")

    found = plan(procedure, seeded_services(), procedure.elements, GIVEN)

    assert ["dancu.honnhan", "dancu.tracuu", "datdai.gcn", "datdai.xacminhchu"] == [
        call.service for call in found.calls
    ]
    assert 22 == len(found.chosen)
    assert [Left.APPLICANT] * 8 == list(found.left.values())
