"""Where each value comes from."""

import pytest

from adapters.protocol import Match
from gateway.errors import Code, Refusal
from gateway.prefill.reasons import Left
from gateway.prefill.schemas import Counts
from gateway.stages.evidence import Asked, Withheld
from tests.builders import NOON
from tests.prefill_builders import (
    ANSWERS,
    LOOKUP,
    TITLE,
    VERIFY,
    a_reply,
    field,
    filled_from,
)


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
