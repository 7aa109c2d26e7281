"""Which papers may no longer be asked for."""

from datetime import date
from typing import Any

import pytest

from catalog.entries import BasisCode, Component
from gateway.errors import Code, Refusal
from gateway.prefill.reasons import Left
from tests.builders import a_basis
from tests.prefill_builders import (
    LOOKUP,
    PAPERS,
    TITLE,
    a_prefill,
    a_request,
    filled_from,
    the_permit,
    the_snapshot,
)


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


async def test_a_part_of_the_form_says_nothing_about_papers() -> None:
    """What was not asked for is neither there nor missing."""
    filled = await a_prefill()(a_request(fields=("dat.so_phat_hanh",)))

    assert () == filled.components
