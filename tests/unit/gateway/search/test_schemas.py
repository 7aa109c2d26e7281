"""What auditors send: nothing beyond its bounds, nothing unknown."""

from typing import Any

import msgspec
import pytest

from gateway.audit.keyring import Purpose
from gateway.audit.pseudonyms import PURPOSES, Scheme
from gateway.search.schemas import Ask, Inquiry, Keep, Named, TimelineAsk

PERSON: dict[str, Any] = {
    "identifiers": [{"value": "003190000123"}],
    "reason": "Theo đơn khiếu nại",
    "case": "TT-12/2026",
}


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (Ask, {"rows": 201}),
        (Ask, {"rows": 0}),
        (Ask, {"below": -1}),
        (Ask, {"querry": "x"}),
        (Inquiry, {**PERSON, "identifiers": []}),
        (Inquiry, {**PERSON, "identifiers": PERSON["identifiers"] * 5}),
        (Inquiry, {**PERSON, "reason": "ngắn"}),
        (Inquiry, {**PERSON, "reason": "a" * 501}),
        (Inquiry, {**PERSON, "case": ""}),
        (Inquiry, {"identifiers": PERSON["identifiers"]}),
        (Inquiry, {**PERSON, "identifiers": [{"value": "1", "scheme": "can_bo"}]}),
        (TimelineAsk, {"dossier": ""}),
        (TimelineAsk, {"person": "003190000123"}),
        (Keep, {"name": "x", "query": ""}),
        (Keep, {"name": "a" * 101, "query": "x"}),
    ],
)
def test_what_is_out_of_bounds_is_refused(shape: type[msgspec.Struct], body: Any) -> None:
    """Each bound by itself."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, shape)


def test_left_out_members_have_harmless_defaults() -> None:
    """An empty body asks for one page of everything."""
    assert Ask(query="", below=None, rows=50, counts=False) == msgspec.convert({}, Ask)
    assert "so_dinh_danh" == msgspec.convert(PERSON, Inquiry).identifiers[0].scheme


def test_people_are_looked_for_by_the_schemes_of_citizens_and_no_others() -> None:
    """An official's account is no citizen's number, whatever it looks like."""
    offered = msgspec.json.schema(Named)["$defs"]["Named"]["properties"]["scheme"]["enum"]
    citizens = {each.value for each in Scheme if PURPOSES[each] is Purpose.CITIZENS}

    assert citizens == set(offered)
