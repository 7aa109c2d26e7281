"""What a token may carry: asked for, inside what may be used now."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.errors import DetailsRefused
from auth.narrowing.agreements import Reach, wanted
from auth.narrowing.details import agreements
from auth.replies import Declined
from tests.party_builders import AGREEMENTS, REACHES


def details(*found: dict[str, object]) -> str:
    """Return the parameter."""
    return json.dumps([{"type": "motlan_agreement", **each} for each in found])


def test_nothing_named_is_everything_there_is() -> None:
    """RFC 6749 section 3.3: a default that is known beforehand."""
    assert (AGREEMENTS, ()) == (wanted({}, REACHES).agreements, wanted({}, REACHES).details)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("TT-2026-0002", "TT-2026-0002"), (" TT-2026-0002  TT-2026-0001 ", " ".join(REACHES))],
)
def test_a_scope_names_agreements(scope: str, expected: str) -> None:
    """In any order, with any number of spaces."""
    assert expected == wanted({"scope": scope}, REACHES).scope


def test_no_agreement_yet_is_a_token_for_nothing() -> None:
    """The exchange explains it better than a refusal here."""
    assert "" == wanted({}, {}).scope


def test_details_narrow_and_name() -> None:
    """RFC 9396: the token is for what they name, and says so."""
    asked = details({"identifier": "TT-2026-0001", "services": ["residence.verify"]})

    found = wanted({"authorization_details": asked}, REACHES)

    assert "TT-2026-0001" == found.scope
    assert ("residence.verify",) == found.details[0].services


def test_scope_and_details_count_together() -> None:
    """RFC 9396 section 3.1; the details win, because they are the narrower."""
    asked = details({"identifier": "TT-2026-0001"})
    form = {"scope": "TT-2026-0001 TT-2026-0002", "authorization_details": asked}

    assert "TT-2026-0001" == wanted(form, REACHES).scope


def test_the_same_detail_twice_is_one() -> None:
    """A token is no place for copies."""
    asked = details({"identifier": "TT-2026-0001"}, {"identifier": "TT-2026-0001"})

    assert 1 == len(wanted({"authorization_details": asked}, REACHES).details)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        pytest.param({"scope": "TT-2026-0009"}, "scope_missing", id="another's agreement"),
        pytest.param(
            {"authorization_details": details({"identifier": "TT-2026-0009"})},
            "authorization_details_invalid",
            id="another's, in detail",
        ),
        pytest.param(
            {"authorization_details": details({"identifier": "TT-2026-0001", "services": ["x"]})},
            "authorization_details_invalid",
            id="a service beside it",
        ),
        pytest.param(
            {"authorization_details": details({"identifier": "TT-2026-0001", "purposes": ["x"]})},
            "authorization_details_invalid",
            id="a purpose beside it",
        ),
        pytest.param(
            {
                "scope": "TT-2026-0002",
                "authorization_details": details({"identifier": "TT-2026-0001"}),
            },
            "authorization_details_invalid",
            id="outside the scope",
        ),
    ],
)
def test_nothing_beyond_is_granted(form: dict[str, str], code: str) -> None:
    """Not even in part: who asks for more learns so at once."""
    with pytest.raises(Declined) as declined:
        wanted(form, REACHES)

    assert code == declined.value.refused.code


def test_details_that_are_none_are_refused() -> None:
    """By the reader of details."""
    with pytest.raises(DetailsRefused):
        wanted({"authorization_details": "{}"}, REACHES)


CODES = st.sampled_from(["a", "b", "c", "d"])
SETS = st.frozensets(CODES, max_size=4)


@given(
    reaches=st.dictionaries(CODES, st.builds(Reach, services=SETS, purposes=SETS), max_size=4),
    scope=st.none() | SETS,
    asked=st.none()
    | st.lists(
        st.fixed_dictionaries(
            {"identifier": CODES},
            optional={
                "services": st.lists(CODES, max_size=3),
                "purposes": st.lists(CODES, max_size=3),
            },
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_is_asked_for_a_token_never_goes_beyond(
    reaches: dict[str, Reach], scope: frozenset[str] | None, asked: list[dict[str, object]] | None
) -> None:
    """Neither agreement, service nor purpose; details and scope always agree."""
    form = {} if scope is None else {"scope": " ".join(sorted(scope))}
    if asked is not None:
        form["authorization_details"] = details(*asked)
    try:
        found = wanted(form, reaches)
    except Declined:
        return

    assert found.agreements <= reaches.keys()
    assert not scope or found.agreements <= scope
    assert not found.details or agreements(found.details) == found.agreements
    for each in found.details:
        assert set(each.services) <= reaches[each.identifier].services
        assert set(each.purposes) <= reaches[each.identifier].purposes
