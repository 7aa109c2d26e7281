"""Which personas can sign on, and what is claimed of them."""

from mocks.personas import persona
from mocks.sso.citizens import citizens


def test_children_the_dead_and_who_cannot_act_have_no_account() -> None:
    """p09, p10, p20 are children, p11 acts through a guardian, p12 is dead."""
    ids = {each.id for each in citizens()}

    assert set() == ids & {"p09", "p10", "p11", "p12", "p20"}
    assert {"p01", "p22", "p24"} <= ids


def test_a_citizens_claims_are_those_of_the_register() -> None:
    """Whoever signs on sees the answers about himself."""
    told = next(each for each in citizens() if each.id == "p01").claims
    person = persona("p01")

    assert (person.number, str(person.name), "Nữ", "1") == (
        told["SoDinhDanh"],
        told["HoVaTen"],
        told["GioiTinh"],
        told["LoaiTaiKhoan"],
    )


def test_a_business_is_no_citizen() -> None:
    """LoaiTaiKhoan tells them apart; the number is the representative's."""
    business = citizens()[-1]

    assert ("dn01", "2", persona("p15").number) == (
        business.id,
        business.claims["LoaiTaiKhoan"],
        business.claims["SoDinhDanh"],
    )


def test_nothing_empty_is_claimed() -> None:
    """A claim that is there says something."""
    assert all(value for each in citizens() for value in each.claims.values())
