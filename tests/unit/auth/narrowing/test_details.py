"""Authorization details: an array of one type, closed in every member."""

import json

import pytest

from auth.errors import DetailsRefused
from auth.narrowing import details
from auth.narrowing.details import LARGEST_TEXT, MOST, MOST_CODES, AgreementDetail

WHOLE = {"type": "motlan_agreement", "identifier": "TT-2026-0001"}


def test_an_agreement_is_named_whole_or_narrowed() -> None:
    """RFC 9396 section 2: each object stands for itself."""
    narrow = {**WHOLE, "services": ["residence.verify"], "purposes": ["giai-quyet-tthc"]}

    found = details.read(json.dumps([WHOLE, narrow]))

    assert (
        AgreementDetail(type="motlan_agreement", identifier="TT-2026-0001"),
        AgreementDetail(
            type="motlan_agreement",
            identifier="TT-2026-0001",
            services=("residence.verify",),
            purposes=("giai-quyet-tthc",),
        ),
    ) == found
    assert {"TT-2026-0001"} == details.agreements(found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{}", id="no array"),
        pytest.param("[]", id="an empty array"),
        pytest.param("[" * 2000, id="depth"),
        pytest.param("[1]", id="no object"),
        pytest.param(json.dumps([{**WHOLE, "type": "payment"}]), id="another type"),
        pytest.param(json.dumps([{"identifier": "A"}]), id="no type"),
        pytest.param(json.dumps([{"type": "motlan_agreement"}]), id="no agreement"),
        pytest.param(json.dumps([{**WHOLE, "identifier": ""}]), id="an empty name"),
        pytest.param(json.dumps([{**WHOLE, "identifier": 5}]), id="a number"),
        pytest.param(json.dumps([{**WHOLE, "fields": ["ho_ten"]}]), id="an unknown member"),
        pytest.param(json.dumps([{**WHOLE, "services": "all"}]), id="no list"),
        pytest.param(json.dumps([WHOLE] * (MOST + 1)), id="too many"),
        pytest.param(
            json.dumps([{**WHOLE, "services": ["s"] * (MOST_CODES + 1)}]), id="too many codes"
        ),
        pytest.param(json.dumps([{**WHOLE, "services": ["s" * LARGEST_TEXT]}]), id="too long"),
    ],
)
def test_what_is_not_of_the_type_is_refused(text: str) -> None:
    """RFC 9396 section 5: unknown types and members end the request."""
    with pytest.raises(DetailsRefused):
        details.read(text)


def test_a_refusal_repeats_nothing() -> None:
    """Promise P6: a person's number in the wrong place does not come back from us."""
    with pytest.raises(DetailsRefused) as refused:
        details.read(json.dumps([{**WHOLE, "003190000123": "003190000123"}]))

    assert "003190000123" not in str(refused.value)
