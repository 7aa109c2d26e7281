"""The words of the province: names, births, numbers, addresses, persons."""

import unicodedata
import zlib
from datetime import date
from random import Random

from msgspec import Struct

from mocks.communes import Commune

TODAY = date(2026, 11, 21)  # the province stands still on this day; ages and states are as of it
PREFIXES = ("003", "005", "007")  # no province has them, so no number can be a citizen's
CHILD_BELOW = 16  # Luật Trẻ em 2016 Art 1
FIRST_DRAWN = 10_000  # serials below belong to the personas
CANARY = "007195777777"  # the one persona above them, meant to catch the eye
MALE, FEMALE = "1", "2"

_FAMILY = (
    *(["Nguyễn"] * 19),
    *(["Trần"] * 7),
    *(["Lê"] * 6),
    *(["Phạm"] * 4),
    *(["Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng"] * 2),
    *["Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Đinh", "Đoàn", "Trịnh", "Mai", "Cao", "Tạ"],
    *["Quách", "Lò", "Vừ", "Giàng", "Sùng", "Y", "H'", "Thạch", "Kim", "Nông", "Hà", "Ân"],
)
_MIDDLE_M = (
    "Văn",
    "Đức",
    "Minh",
    "Quốc",
    "Hữu",
    "Công",
    "Gia",
    "Thanh",
    "Xuân",
    "Đình",
    "Ngọc Bảo",
)
_MIDDLE_F = (
    "Thị",
    "Thị",
    "Thị",
    "Ngọc",
    "Thanh",
    "Thị Hồng",
    "Thị Thuỳ",
    "Mỹ",
    "Khánh",
    "Diệu",
    "Như",
)
_GIVEN_M_TEXT = """
    An Bình Cường Dũng Đạt Giang Hải Hiếu Hoà Huy Hưng Khoa Khôi Kiên Lâm Long Mạnh Nam Nghĩa
    Phong Phúc Quân Quang Sơn Tài Tâm Thắng Thành Thịnh Toàn Trí Trung Tuấn Tú Việt Vinh Vỹ
    Đăng Thuỵ
"""
_GIVEN_M = tuple(_GIVEN_M_TEXT.split())
_GIVEN_F_TEXT = """
    An Ánh Bích Châu Chi Diễm Diệp Dung Duyên Đào Giang Hà Hạnh Hiền Hoa Hồng Huệ Hương Lan
    Liên Linh Loan Ly Mai My Nga Ngân Ngọc Nguyệt Nhung Oanh Phương Quỳnh Thảo Thu Thuỷ Trang
    Trinh Tuyết Uyên Vân Vy Yến Ỷ Khuê
"""
_GIVEN_F = tuple(_GIVEN_F_TEXT.split())
_STREETS = (
    *("Bến Nghè", "Trần Hưng Đạo", "Lê Lai", "Nguyễn Trãi", "Phan Bội Châu", "Hàng Bột"),
    *("Lý Thường Kiệt", "Võ Thị Sáu", "Cầu Gỗ"),
)
_HAMLETS = ["Thượng", "Hạ", "Đông", "Đoài", "Trung", "Nội", "Ngoài", "Bãi", "Đồi", "Chùa"]


class Name(Struct, frozen=True):
    """Family name, middle names (may be empty), given name."""

    family: str
    middle: str
    given: str

    def __str__(self) -> str:
        """Return the full name as people write it."""
        return " ".join(part for part in (self.family, self.middle, self.given) if part)


class Birth(Struct, frozen=True):
    """A birth date of which the day, or day and month, may not be on record."""

    year: int
    month: int | None = None
    day: int | None = None

    def digits(self) -> str:
        """Return yyyy, yyyymm or yyyymmdd: all that is on record."""
        return f"{self.year:04d}" + "".join(
            f"{part:02d}" for part in (self.month, self.day) if part
        )

    def iso(self) -> str:
        """Return "1950", "1950-03" or "1950-03-07"."""
        digits = self.digits()
        return "-".join(part for part in (digits[:4], digits[4:6], digits[6:]) if part)


class Address(Struct, frozen=True):
    """A place in the division it was recorded in; *commune* says which."""

    commune: Commune
    detail: str
    country: str = "VN"

    def line(self) -> str:
        """Return the address on one line."""
        return f"{self.detail}, {self.commune.name}"


class Kin(Struct, frozen=True):
    """Somebody as another person's record names them."""

    name: Name
    number: str | None
    born: Birth  # of people without a number, the year at most
    relation: str = "99"  # code list QuanHe of the population contract


class Person(Struct, frozen=True, kw_only=True):
    """One inhabitant, as the population register knows them."""

    number: str
    name: Name
    born: Birth
    sex: str
    permanent: Address
    current: Address
    hometown: Address
    birthplace: Address
    household: str
    relation: str = "00"  # to the head of the household
    former_numbers: tuple[str, ...] = ()
    cmnd: str | None = None
    ethnicity: str = "01"
    religion: str = "00"
    blood: str = "0"
    nationality: str = "VN"
    marital: str = "1"
    father: Kin | None = None
    mother: Kin | None = None
    spouse: Kin | None = None
    representative: Kin | None = None
    living: str = "1"  # 1 alive, 2 dead, 3 declared missing
    living_since: date | None = None  # the day of death or declaration
    incapable: bool = False
    hidden: bool = False  # never shown to anybody
    updated: date = date(2026, 3, 9)
    absent_from: frozenset[str] = frozenset()  # registers that lost this person

    @property
    def standing(self) -> str:
        """Return DienChuThe: 1 adult, 2 child, 3 without full capacity, 4 dead."""
        if self.living == "2":
            return "4"
        if self.age < CHILD_BELOW:
            return "2"
        return "3" if self.incapable else "1"

    @property
    def age(self) -> int:
        """Return full years of age today; unknown parts of the birth date count as the first."""
        born = date(self.born.year, self.born.month or 1, self.born.day or 1)
        return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))

    def kin(self, relation: str = "99") -> Kin:
        """Return this person as a relative's record names them."""
        return Kin(self.name, self.number, self.born, relation)


def name_key(name: str) -> str:
    """Return *name* as registers compare it: no marks, no blanks, upper case; đ is D."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(ch for ch in plain if not (unicodedata.combining(ch) or ch.isspace())).upper()


def number_of(prefix: str, sex: str, year: int, serial: int) -> str:
    """Return a 12-digit number whose fourth digit fits century and sex.

    *serial* is 0 to 999999.  Source: annex of TT 07/2016/TT-BCA: the fourth digit is 0 or 1 for men
    or women born 1900 to 1999, 2 or 3 for 2000 to 2099; two digits of the year follow.
    """
    century = (year // 100 - 19) * 2 + (sex == FEMALE)
    return f"{prefix}{century}{year % 100:02d}{serial:06d}"


def draw_name(dice: Random, sex: str, family: str | None = None) -> Name:
    """Return a name, of *family* when given."""
    middles, givens = (_MIDDLE_M, _GIVEN_M) if sex == MALE else (_MIDDLE_F, _GIVEN_F)
    return Name(family or dice.choice(_FAMILY), dice.choice(middles), dice.choice(givens))


def draw_detail(dice: Random, commune: Commune) -> str:
    """Return the street or hamlet part of an address in *commune*."""
    if commune.name.startswith(("Phường", "Thị trấn")):
        street = dice.choice(_STREETS)
        return f"Số {dice.randint(1, 320)} đường {street}, Tổ dân phố {dice.randint(1, 12)}"
    return f"Thôn {dice.choice(_HAMLETS)}, Đội {dice.randint(1, 9)}"


class Numbers:
    """Hands out identity numbers that never repeat."""

    def __init__(self) -> None:
        self._drawn: dict[str, int] = {}

    def draw(self, dice: Random, sex: str, year: int) -> str:
        """Return a fresh number for somebody of *sex* born in *year*."""
        prefix = dice.choice(PREFIXES)
        cell = number_of(prefix, sex, year, 0)[:6]
        step = self._drawn[cell] = self._drawn.get(cell, 0) + 1
        # 7919 has no factor in common with the range, so the walk visits every serial once;
        # the checksum spreads where the walks begin.
        serial = FIRST_DRAWN + (zlib.crc32(cell.encode()) + step * 7919) % (1_000_000 - FIRST_DRAWN)
        number = f"{cell}{serial:06d}"
        return self.draw(dice, sex, year) if number == CANARY else number
