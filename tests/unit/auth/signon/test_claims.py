"""What a provider claims about a person, and who it makes of it."""

from typing import Any

import pytest

from auth.signon.claims import methods, said
from auth.signon.id_tokens import read
from auth.signon.proven import proven
from auth.signon.providers import ClaimNames
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.signed_on import LoggedOut, Realm, SignedOn
from tests.sign_on_builders import PROVIDER, a_provider_value, encoded, id_members

NUMBER = "003190000123"
CITIZENS = a_provider_value(code="vneid", realm=Realm.CITIZENS)


def someone(claims: dict[str, Any], *, provider: Any = PROVIDER, wanted: int = 1) -> SignedOn:
    """Return whom the claims prove."""
    found, every = read(encoded(claims))
    return proven(found, every, provider, wanted=wanted, id_token="a.b.c")


def ending(claims: dict[str, Any], **options: Any) -> Ending:
    """Return how claims that prove nobody end."""
    with pytest.raises(SignOnRefused) as refused:
        someone(claims, **options)
    return refused.value.ending


def a_citizen(**changes: Any) -> dict[str, Any]:
    """Return the claims of a citizen."""
    own = {"ma_can_bo": None, "ma_don_vi": None, "SoDinhDanh": NUMBER, "LoaiTaiKhoan": "1"}
    return id_members(**(own | changes))


def test_an_official_is_linked_by_the_stable_claim() -> None:
    """`sub` may change with the client; TechID does not (domain.md 2.6)."""
    official = someone(id_members())

    assert ("tech-77", "CB-0001", "H99.30.01") == (
        official.link,
        official.staff_number,
        official.agency,
    )
    assert "sub-Ab1" == someone(id_members(TechID=None)).link


def test_an_official_s_own_number_is_dropped() -> None:
    """Nobody needs it, and what is not kept cannot leak."""
    assert someone(id_members(SoDinhDanh=NUMBER)).so_dinh_danh is None


def test_a_citizen_is_who_the_number_says() -> None:
    """And brings no agency along, whatever is claimed."""
    citizen = someone(a_citizen(ma_don_vi="H99.30.01"), provider=CITIZENS)

    assert (NUMBER, "1", None) == (citizen.so_dinh_danh, citizen.kind, citizen.agency)


@pytest.mark.parametrize(
    "number", [None, "", "00319000012", "0031900001234", "00319000012a", "٠" * 12]
)
def test_a_citizen_without_a_number_of_twelve_digits_is_nobody(number: str | None) -> None:
    """Somebody half known must not be taken for another."""
    assert Ending.CLAIMS_MISSING is ending(a_citizen(SoDinhDanh=number), provider=CITIZENS)


def test_a_business_may_have_no_number() -> None:
    """Whether it may sign on is for the accounts to say."""
    assert "2" == someone(a_citizen(SoDinhDanh=None, LoaiTaiKhoan=2), provider=CITIZENS).kind


@pytest.mark.parametrize(
    "changes",
    [
        *({"ma_can_bo": NUMBER}, {"ma_can_bo": "CB 1"}, {"ma_can_bo": "CB/1"}),
        *({"ma_don_vi": "x" * 41}, {"HoVaTen": ["a"]}, {"HoVaTen": "a\u202eb"}, {"TechID": True}),
        *({"TechID": "x" * 257}, {"loAs": 1.5}),
    ],
    ids=str,
)
def test_a_claim_that_has_not_its_form_is_no_claim(changes: dict[str, Any]) -> None:
    """Codes stand in records, where a number in their place would stay for ever."""
    assert Ending.CLAIMS_MISSING is ending(id_members(**changes))


@pytest.mark.parametrize(
    ("acr", "loas", "level"),
    [
        *(("urn:motlan:acr:1", None, 1), ("urn:motlan:acr:2", None, 2), (None, "2", 2)),
        *((None, 1, 1), ("urn:motlan:acr:2", "1", 1), ("urn:motlan:acr:1", "2", 1)),
    ],
)
def test_the_weaker_of_two_statements_counts(acr: str | None, loas: Any, level: int) -> None:
    """A provider that contradicts itself has proven the less."""
    assert level == someone(id_members(acr=acr, loAs=loas)).level


def test_a_strength_that_nobody_defined_is_none() -> None:
    """A new word of the provider must not open what it was never weighed for."""
    assert Ending.ASSURANCE_TOO_LOW is ending(id_members(acr="urn:x:very-strong"))
    assert Ending.CLAIMS_MISSING is ending(id_members(acr=None))
    assert Ending.ASSURANCE_TOO_LOW is ending(id_members(acr="urn:motlan:acr:1"), wanted=2)


def test_the_ways_of_proving_are_short_words() -> None:
    """They travel into the record."""
    assert ("pwd", "hwk") == methods(["pwd", "x" * 33, "a b", "hwk", "003190000123"])
    assert 10 == len(methods(["otp"] * 50))


def test_nothing_of_a_person_is_shown_by_accident() -> None:
    """A value that is logged shows its provider and its strength."""
    citizen = someone(a_citizen(), provider=CITIZENS)
    words = said(a_citizen(), ClaimNames())
    gone = LoggedOut(provider="vneid", issuer="https://x.example", sub=NUMBER)

    assert not any(
        part in f"{citizen!r}{words!r}{gone!r}" for part in (NUMBER, "Bình", "tech-77", "sub-Ab1")
    )
