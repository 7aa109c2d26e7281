"""Where each value comes from."""

from datetime import date
from typing import Any

import pytest

from adapters.protocol import Match
from catalog.entries import BasisCode, Component
from gateway.errors import Code, Refusal
from gateway.prefill.reasons import Left
from gateway.prefill.schemas import Counts, Field, Prefilled
from gateway.stages.evidence import Asked, Withheld
from tests.builders import NOON, a_basis
from tests.prefill_builders import (
    ANSWERS,
    LOOKUP,
    PAPERS,
    TITLE,
    VERIFY,
    FakeExchange,
    a_prefill,
    a_reply,
    a_request,
    the_permit,
    the_snapshot,
)


def field(filled: Prefilled, code: str) -> Field:
    """Return one field of the answer."""
    (one,) = [each for each in filled.fields if each.code == code]
    return one


async def filled_from(
    answers: dict[Any, object] | None = None, typed: dict[str, Any] | None = None
) -> Prefilled:
    """Return the form filled from *answers* instead of the usual ones."""
    return await a_prefill(FakeExchange(answers))(a_request(typed=typed or {}))


async def test_a_value_says_where_it_comes_from() -> None:
    """Source, instant, version, basis and exchange, for every single field."""
    address = field(await filled_from(), "chu.thuong_tru")

    assert ("filled", False, "csdl.dancu", "1.0.0", NOON, LOOKUP, "thuong_tru") == (
        address.state,
        address.editable,
        address.source,
        address.dataset_version,
        address.as_of,
        address.service,
        address.element,
    )
    assert address.basis is not None
    assert "nd217-2026-d7k3" == address.basis.code
    assert address.exchange_id is not None
    assert address.reason is None


async def test_what_was_typed_and_confirmed_is_locked() -> None:
    """The register said yes; it did not say the name again."""
    name = field(await filled_from(), "chu.ho_ten")

    assert ("confirmed", False, "Nguyễn Thị Ánh") == (name.state, name.editable, name.value)


async def test_what_is_not_confirmed_stays_open() -> None:
    """Nobody is told which member differed."""
    name = field(await filled_from({VERIFY: {"khop": False}}), "chu.ho_ten")

    assert ("differs", True) == (name.state, name.editable)
    assert name.reason is not None
    assert Left.NOT_CONFIRMED == name.reason.code


@pytest.mark.parametrize(
    ("member", "code"),
    [("withheld", "consent_required"), ("unavailable", "not_on_record")],
)
async def test_a_field_that_did_not_come_says_why(member: str, code: str) -> None:
    """What was withheld and what is lacking are told apart."""

    async def answer(asked: Asked) -> object:
        return a_reply(asked, {}, **{member: (Withheld("thuong_tru", code),)})

    address = field(await filled_from({LOOKUP: answer}), "chu.thuong_tru")

    assert ("missing", True, None) == (address.state, address.editable, address.value)
    assert address.reason is not None
    assert code == address.reason.code


async def test_several_values_are_offered_to_choose_from() -> None:
    """A person with two parcels builds on one of them."""
    parcels = [{"so_thua": "207"}, {"so_thua": "208"}]

    filled = await filled_from({TITLE: {**ANSWERS[TITLE], "thua_dat": parcels}})

    parcel = field(filled, "dat.so_thua")
    assert ("choose", True, ("207", "208")) == (parcel.state, parcel.editable, parcel.choices)


async def test_choices_of_one_answer_stay_side_by_side() -> None:
    """Whoever picks the second certificate has picked its parcel."""
    parcels = [
        {"so_thua": "207", "so_phat_hanh": "AA 1"},
        {"so_phat_hanh": "AA 2"},
        {"so_thua": "208", "so_phat_hanh": "AA 2"},
    ]

    async def title(asked: Asked) -> object:
        several = Withheld("so_phat_hanh", "several_certificates")
        return a_reply(asked, {"thua_dat": parcels}, unavailable=(several,))

    filled = await filled_from({TITLE: title})

    serial, parcel = field(filled, "dat.so_phat_hanh"), field(filled, "dat.so_thua")
    assert ("choose", ("AA 1", "AA 2", "AA 2")) == (serial.state, serial.choices)
    assert ("choose", ("207", None, "208")) == (parcel.state, parcel.choices)
    holder = field(filled, "dat.la_chu").reason
    assert Left.SEVERAL == (holder and holder.code)


async def test_what_the_applicant_typed_fills_what_nobody_else_knows() -> None:
    """And it is marked as theirs."""
    name = field(await filled_from(typed={"cong_trinh.ten": "Nhà A"}), "cong_trinh.ten")

    assert ("typed", "applicant", "Nhà A") == (name.state, name.source, name.value)


async def test_what_was_typed_otherwise_than_the_source_has_it_is_shown_as_both() -> None:
    """Neither side is silently right."""
    filled = await filled_from(typed={"dat.so_thua": "999"})

    (one,) = filled.contradictions
    assert ("typed.dat.so_thua", "999", "applicant") == (one.code, one.left.value, one.left.source)
    assert ("207", "csdl.datdai") == (one.right.value, one.right.source)
    assert ("differs", True) == (
        field(filled, "dat.so_thua").state,
        field(filled, "dat.so_thua").editable,
    )


async def test_typing_what_the_source_has_anyway_is_no_contradiction() -> None:
    """Case and spaces are forgiven."""
    filled = await filled_from(typed={"chu.ho_ten": "nguyễn thị  ánh"})

    assert () == filled.contradictions
    assert "confirmed" == field(filled, "chu.ho_ten").state


def holders(*names: str) -> dict[str, object]:
    """Return a certificate held by *names*."""
    return {**ANSWERS[TITLE], "chu_su_dung": [{"ho_ten": name} for name in names]}


async def answered_whole(asked: Asked, values: dict[str, object]) -> object:
    """Answer with everything in *values*, asked for or not."""
    return a_reply(asked, values, record=values)


@pytest.mark.parametrize(
    ("names", "differs"),
    [
        (("Nguyễn Thị Ánh",), False),
        (("Trần Quốc Huy", "Nguyễn Thị Ánh"), False),
        (("Nguyễn Thị Anh",), True),
        ((), False),
    ],
    ids=["same", "one of two", "another tone", "no holder on record"],
)
async def test_a_holder_by_another_name_is_a_contradiction_with_its_ticket(
    names: tuple[str, ...], differs: bool
) -> None:
    """Half of the land register's holders do not match; that path is the normal one."""

    async def title(asked: Asked) -> object:
        return await answered_whole(asked, holders(*names))

    filled = await filled_from({TITLE: title})

    assert differs == bool(filled.contradictions)
    serial = field(filled, "dat.so_phat_hanh")
    assert ("differs" if differs else "filled") == serial.state
    if differs:
        (one,) = filled.contradictions
        assert ("1.012564", "Nguyễn Thị Anh") == (one.ticket.procedure, one.right.value)
        assert "1.012564" in one.ticket.vi


async def test_a_check_never_asks_for_more() -> None:
    """What must be compared is compared when it is there; nothing is fetched for it."""
    exchange = FakeExchange()

    await a_prefill(exchange)(a_request())

    assert "chu_su_dung" not in exchange.of(TITLE).fields


async def test_how_the_subject_was_recognised_is_told() -> None:
    """A replaced number is the counter's business."""

    async def superseded(asked: Asked) -> object:
        return a_reply(asked, ANSWERS[LOOKUP], match=Match.SUPERSEDED)

    filled = await filled_from({LOOKUP: superseded})

    assert "superseded" in {each.match for each in filled.exchanges}


async def test_typing_is_counted_honestly() -> None:
    """Three members at the counter, and whatever stays to be typed or settled."""
    filled = await filled_from()

    assert Counts(fields=7, filled=5, typed_today=7, typed_now=3 + 2) == filled.counts


async def test_a_contradiction_counts_as_typing() -> None:
    """Settling a difference is work for the person."""
    filled = await filled_from(typed={"dat.so_thua": "999"})

    assert 4 == filled.counts.filled
    assert 3 + 3 == filled.counts.typed_now


async def test_nothing_answered_saves_nothing() -> None:
    """The counter never claims what did not happen."""
    down = Refusal(Code.SOURCE_UNAVAILABLE)

    filled = await filled_from(dict.fromkeys(ANSWERS, down))

    assert (0, 7 + 3) == (filled.counts.filled, filled.counts.typed_now)
    assert [True, True] == [each.ask for each in filled.components]


async def test_a_paper_that_the_register_replaced_may_not_be_asked_for() -> None:
    """With the article that says so, and how sure we are of it."""
    certificate, drawings = (await filled_from()).components

    assert not certificate.ask
    assert ("Nghị định 217/2026/NĐ-CP", "Điều 7 khoản 3", "V") == (
        certificate.instrument,
        certificate.article,
        certificate.mark,
    )
    assert 1 == len(certificate.exchanges)
    assert drawings.ask


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"announced": None}, Left.NOT_ANNOUNCED),
        ({"announced": date(2026, 11, 21)}, Left.NOT_ANNOUNCED),
        ({"basis": None}, Left.APPLICANT),
        ({"basis": BasisCode("old")}, Left.NOT_ANNOUNCED),
        ({"replaced_by": (LOOKUP,)}, None),
    ],
    ids=["never announced", "announced tomorrow", "no article", "repealed", "other service"],
)
async def test_a_paper_is_spared_only_where_the_law_and_the_data_are_there(
    change: dict[str, Any], code: str | None
) -> None:
    """NQ 66.7/2025: announced, in force, answered."""
    members = {name: getattr(PAPERS[0], name) for name in PAPERS[0].__struct_fields__}
    procedure = the_permit(components=(Component(**(members | change)),))
    bases = {
        BasisCode("nd217-2026-d7k3"): a_basis(),
        BasisCode("old"): a_basis(code="old", valid_to=date(2026, 11, 20)),
    }
    snapshot = the_snapshot(procedure, bases=bases)

    filled = await a_prefill(snapshot=snapshot)(a_request())

    (paper,) = filled.components
    assert (code is not None, code) == (paper.ask, paper.reason and paper.reason.code)


async def test_a_failed_look_up_leaves_the_paper_needed() -> None:
    """The person is asked, and the source is to be corrected."""
    filled = await filled_from({TITLE: Refusal(Code.SOURCE_TIMEOUT)})

    paper = filled.components[0]
    assert (True, "source_timeout") == (paper.ask, paper.reason and paper.reason.code)


async def test_a_difference_leaves_the_paper_needed() -> None:
    """An answer that is contested replaces nothing."""
    filled = await filled_from(typed={"dat.so_thua": "999"})

    paper = filled.components[0]
    assert (True, Left.DIFFERS) == (paper.ask, paper.reason and paper.reason.code)
