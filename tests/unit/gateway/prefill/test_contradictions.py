"""Places that should agree and do not."""

import pytest

from gateway.stages.evidence import Asked
from tests.prefill_builders import (
    ANSWERS,
    TITLE,
    FakeExchange,
    a_prefill,
    a_reply,
    a_request,
    field,
    filled_from,
)


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
