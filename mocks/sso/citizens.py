"""The citizens' realm: the province's personas who can hold an account, and one business."""

from mocks.people import MALE, Person
from mocks.personas import Persona, personas
from mocks.sso.accounts import Account, opaque

REALM = "citizens"
YOUNGEST = 14  # NĐ 69/2024, second-hand: younger people have an account on request only
ALIVE = "1"
CITIZEN, BUSINESS = "1", "2"  # LoaiTaiKhoan
_AMR = (("pwd",), ("pwd", "face", "mfa"))  # RFC 8176
_BUSINESS_OF = "p15"  # who represents the business


def citizens() -> tuple[Account, ...]:
    """Return the realm's accounts in order of the personas; the business comes last."""
    able = [one for one in personas() if _may_hold_an_account(one.person)]
    represents = next(one for one in able if one.id == _BUSINESS_OF)
    return (*map(_citizen, able), _business(represents))


def _may_hold_an_account(person: Person) -> bool:
    return person.living == ALIVE and person.age >= YOUNGEST and not person.incapable


def _citizen(one: Persona) -> Account:
    return Account(
        id=one.id,
        sub=opaque(REALM, "sub", one.id),
        name=str(one.person.name),
        shows=one.shows,
        shows_vi=one.shows_vi,
        claims={"LoaiTaiKhoan": CITIZEN, **_claims(one)},
        amr=_AMR,
    )


def _business(one: Persona) -> Account:
    return Account(
        id="dn01",
        sub=opaque(REALM, "sub", "dn01"),
        name="Công ty Minh hoạ Sông Vân",
        shows=f"a business; {one.id} represents it",
        shows_vi="tài khoản doanh nghiệp",
        claims={
            **_claims(one),
            "LoaiTaiKhoan": BUSINESS,
            "TechID": opaque(REALM, "tech", "dn01"),
            "MaSoThue": "9903157921",
            "MaSoDoanhNghiep": "9903157921",
            "TenDoanhNghiep": "Công ty Minh hoạ Sông Vân",
        },
        amr=_AMR,
    )


def _claims(one: Persona) -> dict[str, str]:
    person = one.person
    home = person.permanent
    given = {
        "SoDinhDanh": person.number,
        "SoCMND": person.cmnd or "",
        "HoVaTen": str(person.name),
        "GioiTinh": "Nam" if person.sex == MALE else "Nữ",
        "DiaChi": ", ".join(part for part in (home.detail, home.commune.name) if part),
        "SoDienThoai": f"0000 000 {one.id.removeprefix('p').zfill(3)}",  # nobody's
        "ThuDienTu": f"{one.id}@vidu.invalid",
        "TechID": opaque(REALM, "tech", one.id),
    }
    return {name: value for name, value in given.items() if value}
