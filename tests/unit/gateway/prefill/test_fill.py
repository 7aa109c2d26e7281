"""Running a plan."""

import asyncio
from dataclasses import replace as with_other
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.protocol import Subject
from catalog.entries import ElementCode, Feed, ServiceCode
from gateway.errors import Code, Refusal
from gateway.prefill.fill import reach_of, subject_for
from gateway.prefill.outcome import Outcome
from gateway.prefill.plan import Call
from gateway.prefill.reasons import Left
from gateway.stages.evidence import Asked, Identified, Reply
from tests.builders import a_scope, a_snapshot, a_subject, an_agreement, asked
from tests.prefill_builders import (
    ANSWERS,
    HOLDER,
    LOOKUP,
    PERMIT,
    TITLE,
    VERIFY,
    FakeExchange,
    a_prefill,
    a_reply,
    a_request,
    field,
    the_permit,
    the_services,
    the_snapshot,
)


async def test_a_form_is_filled_from_four_registers() -> None:
    """The story of the building permit, in one call."""
    filled = await a_prefill()(a_request())

    assert {
        "chu.ho_ten": "confirmed",
        "chu.thuong_tru": "filled",
        "chu.gioi_tinh": "missing",
        "dat.so_phat_hanh": "filled",
        "dat.so_thua": "filled",
        "dat.la_chu": "filled",
        "cong_trinh.ten": "missing",
    } == {each.code: each.state for each in filled.fields}
    assert ("Nguyễn Thị Ánh", "207") == tuple(
        field(filled, code).value for code in ("chu.ho_ten", "dat.so_thua")
    )


async def test_every_question_is_an_exchange_of_its_own() -> None:
    """Each has its id, its record and the whole context of the form."""
    exchange = FakeExchange()

    filled = await a_prefill(exchange)(a_request(token="t", raw=b"{}"))

    ids = [each.exchange_id for each in exchange.asked]
    assert len(ids) == len(set(ids)) == len(filled.exchanges)
    assert {("t", "giai-quyet-tthc", PERMIT, "HS-1", b"{}")} == {
        (each.token, each.purpose, each.procedure, each.dossier, each.raw)
        for each in exchange.asked
    }
    assert {f"entry-{each}" for each in ids} == {each.receipt for each in filled.exchanges}


async def test_a_service_learns_only_what_it_needs_of_the_subject() -> None:
    """The land register is not told a birth date."""
    exchange = FakeExchange()

    await a_prefill(exchange)(a_request())

    assert a_subject(ngay_sinh=None) == exchange.of(TITLE).subject
    assert a_subject() == exchange.of(LOOKUP).subject


async def test_one_answer_feeds_the_next_question() -> None:
    """The serial number travels from the certificate to the check of its holder."""
    exchange = FakeExchange()

    filled = await a_prefill(exchange)(a_request())

    assert "AA 00419027" == exchange.of(HOLDER).subject.so_phat_hanh
    assert {TITLE: 1, VERIFY: 1, LOOKUP: 1, HOLDER: 2} == {
        each.service: each.wave for each in filled.exchanges
    }


@pytest.mark.parametrize("code", [Code.SOURCE_TIMEOUT, Code.NO_MATCH, Code.NO_AGREEMENT])
async def test_a_refused_question_affects_its_own_fields_only(code: Code) -> None:
    """One source down leaves the others as they were (promise P9)."""
    filled = await a_prefill(FakeExchange({LOOKUP: Refusal(code)}))(a_request())

    address = field(filled, "chu.thuong_tru")
    assert ("missing", True, code) == (
        address.state,
        address.editable,
        address.reason and address.reason.code,
    )
    assert "filled" == field(filled, "dat.so_phat_hanh").state
    assert code in {each.outcome for each in filled.exchanges}


async def test_what_was_to_be_fed_is_not_asked_when_the_feeder_fails() -> None:
    """Asked without the serial number it would be another question."""
    exchange = FakeExchange({TITLE: Refusal(Code.SOURCE_UNAVAILABLE)})

    filled = await a_prefill(exchange)(a_request())

    assert HOLDER not in {each.service for each in exchange.asked}
    reason = field(filled, "dat.la_chu").reason
    assert Left.NO_FEED == (reason and reason.code)


def fed_by(*parcels: str) -> Subject | Left:
    """Return the subject of the holder's check, fed with the parcels of a certificate."""
    feed = Feed(
        service=HOLDER,
        member="so_phat_hanh",
        source=TITLE,
        element=ElementCode("thua_dat"),
        path="so_thua",
    )
    service = the_services()[HOLDER]
    call = Call(service=HOLDER, operation=service.operation, elements=(), feeds=(feed,))
    question = asked(fields=("thua_dat",), service=TITLE)
    reply = a_reply(question, {"thua_dat": [{"so_thua": each} for each in parcels]})
    return subject_for(call, service, a_subject(), {TITLE: Outcome(call=call, reply=reply)})


def test_what_feeds_must_be_one_value() -> None:
    """Which of two is meant is for the person to say; none is none."""
    assert Left.SEVERAL == fed_by("207", "208")
    assert Left.NO_FEED == fed_by()
    assert a_subject(ngay_sinh=None, so_phat_hanh="207") == fed_by("207", "207")


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        (["990000123"], a_subject(ngay_sinh=None, so_cmnd="990000123")),
        (["990000123", "990000124"], Left.SEVERAL),
        ([], Left.NO_FEED),
    ],
)
def test_a_list_of_one_feeds_like_the_one_in_it(cards: list[str], expected: Subject | Left) -> None:
    """A person may have had several old cards; with one of them there is nothing to choose."""
    card = ElementCode("so_cmnd")
    feed = Feed(service=TITLE, member="so_cmnd", source=LOOKUP, element=card)
    service = the_services()[TITLE]
    takes = replace(service, subject_optional=(*service.subject_optional, "so_cmnd"))
    call = Call(service=TITLE, operation=service.operation, elements=(), feeds=(feed,))
    reply = a_reply(asked(fields=("so_cmnd",), service=LOOKUP), {"so_cmnd": cards})

    assert expected == subject_for(
        call, takes, a_subject(), {LOOKUP: Outcome(call=call, reply=reply)}
    )


async def test_all_questions_of_a_wave_run_at_once() -> None:
    """The form takes as long as its slowest source, not as all of them."""
    started = asyncio.Barrier(3)  # passes only when the three of the first wave have met

    async def together(asked: Asked) -> Reply:
        await started.wait()
        return a_reply(asked, ANSWERS[ServiceCode(asked.service)])

    exchange = FakeExchange(dict.fromkeys((VERIFY, LOOKUP, TITLE), together))

    async with asyncio.timeout(5):
        filled = await a_prefill(exchange)(a_request())

    assert 4 == len(filled.exchanges)


async def test_a_form_ends_at_its_deadline() -> None:
    """Who hangs is left behind, and named."""

    async def hang(_asked: Asked) -> None:
        await asyncio.sleep(30)

    exchange = FakeExchange({LOOKUP: hang})

    async with asyncio.timeout(5):
        filled = await a_prefill(exchange, grace_s=0.05)(a_request(wait_s=0.05))

    reason = field(filled, "chu.thuong_tru").reason
    assert "source_timeout" == (reason and reason.code)
    assert "confirmed" == field(filled, "chu.ho_ten").state


async def test_a_fault_of_ours_is_not_mistaken_for_a_sources() -> None:
    """A bug ends the form loudly."""

    async def broken(_asked: Asked) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await a_prefill(FakeExchange({LOOKUP: broken}))(a_request())


async def test_somebody_unknown_learns_nothing_and_asks_nobody() -> None:
    """The token is judged before the first question."""
    exchange = FakeExchange()

    async def nobody(_asked: Asked) -> Identified:
        raise Refusal(Code.TOKEN_INVALID)

    prefill = with_other(a_prefill(exchange), authenticate=nobody)
    with pytest.raises(Refusal) as refused:
        await prefill(a_request(procedure="9.999999"))

    assert Code.TOKEN_INVALID == refused.value.code
    assert [] == exchange.asked


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"procedure": "9.999999"}, Code.PROCEDURE_UNKNOWN, None),
        ({"fields": ("chu.la",)}, Code.VALIDATION_FAILED, "/fields/0"),
        ({"typed": {"chu.la": 1}}, Code.VALIDATION_FAILED, "/typed"),
        ({"subject": Subject(so_dinh_danh="003190000123", ho_ten="Ánh")},
         Code.VALIDATION_FAILED, "/subject/ngay_sinh"),
        ({"dossier": " "}, Code.DOSSIER_REQUIRED, None),
    ],
    ids=["procedure", "field", "typed", "subject", "dossier"],
)  # fmt: skip
async def test_a_question_that_does_not_fit_the_form_is_refused_whole(
    more: dict[str, Any], code: Code, pointer: str | None
) -> None:
    """Nobody is asked for a form half understood; the place is named, never the value."""
    exchange = FakeExchange()

    with pytest.raises(Refusal) as refused:
        await a_prefill(exchange)(a_request(**more))

    errors: Any = refused.value.facts.get("errors", [{}])
    assert (code, pointer) == (refused.value.code, errors[0].get("pointer"))
    assert [] == exchange.asked


async def test_a_procedure_without_a_form_is_not_filled() -> None:
    """Being in the catalog is not having a form."""
    prefill = a_prefill(snapshot=the_snapshot(the_permit(form=())))

    with pytest.raises(Refusal) as refused:
        await prefill(a_request())

    assert Code.PROCEDURE_NOT_COVERED == refused.value.code


async def test_only_the_wanted_fields_are_asked_for() -> None:
    """A part of the form costs a part of the questions."""
    exchange = FakeExchange()

    filled = await a_prefill(exchange)(a_request(fields=("chu.thuong_tru",)))

    assert ["chu.thuong_tru"] == [each.code for each in filled.fields]
    assert [(LOOKUP, ("thuong_tru",))] == [(each.service, each.fields) for each in exchange.asked]


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({}, {"ho_ten", "ngay_sinh", "thuong_tru"}),
        ({"procedures": frozenset()}, {"ho_ten", "ngay_sinh", "thuong_tru"}),
        ({"procedures": frozenset({"1.004222"})}, set()),
        ({"purposes": frozenset({"thong-ke"})}, set()),
    ],
    ids=["covered", "any procedure", "another procedure", "another purpose"],
)
def test_only_what_an_agreement_covers_is_planned(
    scope: dict[str, object], covered: set[str]
) -> None:
    """A question that would be refused is spared."""
    snapshot = a_snapshot(an_agreement(a_scope(**scope)))
    procedure = next(iter(snapshot.procedures.values()))

    found = reach_of(snapshot, procedure, "motcua-xa", "giai-quyet-tthc")

    assert {LOOKUP: frozenset(covered)} == found
    assert {LOOKUP: frozenset()} == reach_of(snapshot, procedure, "other", "giai-quyet-tthc")
