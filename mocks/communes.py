"""The synthetic province's communes, before and after 1 July 2025.

Shaped like the real reform: forty-eight communes of two provinces with districts became sixteen
of one province without; every new code had been some old commune's code; three old communes were
split, so that their addresses cannot be converted by code alone.  No real code begins with 99.
"""

from datetime import date

from msgspec import Struct

REFORM = date(2025, 7, 1)  # the day the two-level division took effect
PROVINCE = "03"  # no province has it; statistics codes 03, 05 and 07 are unused
_FORMER = {"981": "03", "982": "03", "983": "03", "984": "05", "985": "05", "986": "05"}

# Six districts of eight, 981 to 986, in the order of their codes.
_OLD_NAMES = """
    Phường Vân Thành|Phường Trần Phú|Phường Lê Lợi|Phường Cầu Đất
    Phường Đông Ngạn|Phường Tây Thượng|Xã Hoà Lạc|Xã An Dương
    Thị trấn Vĩnh Trà|Xã Yên Sở|Xã Yên Mỹ|Phường Bến Nghè
    Phường Mỹ Xuân|Xã Trà Khê|Xã Trà Giang|Xã Phú Nghĩa
    Thị trấn Đồng Lạc|Xã Đồng Tâm|Xã Đồng Văn|Xã Quảng Yên
    Xã Quảng Lợi|Xã Thạch Bình|Xã Thạch Khê|Xã Thạch Quý
    Thị trấn Hạ Vân|Xã Tân Hưng|Xã Tân Lập|Xã Tân Phong
    Xã Long Điền|Xã Long Giao|Xã Long Sơn|Xã Cẩm Thuỷ
    Thị trấn Núi Ngọc|Xã Ngọc Sơn|Xã Ngọc Lĩnh|Xã Ea Tul
    Xã Krông Bút|Xã Đắk Ruồng|Xã Mường Chà|Xã Nậm Khoà
    Thị trấn Cửa Bồi|Xã Hải Thượng|Xã Hải Hậu|Xã Hải Quỳ
    Xã Đảo Ngang|Xã Đảo Dọc|Xã Phú Hải|Xã Lộc Vĩnh
"""

# New code, new name, the old communes that went into it.
_NEW = (
    ("99001", "Phường Vân Thành", (1, 2, 3, 4)),
    ("99003", "Phường Vĩnh Trà", (4, 9, 12)),
    ("99005", "Phường Đông Ngạn", (4, 5, 6)),
    ("99008", "Xã Hoà An", (7, 8, 10)),
    ("99011", "Phường Mỹ Xuân", (13, 14, 11)),
    ("99015", "Xã Trà Giang", (15, 16, 20)),
    ("99018", "Xã Đồng Lạc", (17, 18, 19)),
    ("99021", "Xã Quảng Thạch", (21, 22, 20)),
    ("99024", "Xã Thạch Khê", (23, 24)),
    ("99025", "Phường Hạ Vân", (25, 26, 27, 28)),
    ("99029", "Xã Long Điền", (29, 30, 31)),
    ("99032", "Xã Cẩm Ngọc", (32, 34, 33)),
    ("99036", "Xã Krông Bút", (36, 37, 38, 35)),
    ("99040", "Xã Mường Khoà", (39, 40)),
    ("99041", "Xã Cửa Bồi", (41, 42, 43, 44, 47)),
    ("99045", "Đặc khu Đảo Ngang", (45, 46, 47, 48)),
)


class Commune(Struct, frozen=True):
    """One commune of one division; *district* is empty in the division of today."""

    code: str
    name: str
    province: str
    district: str


def _old(number: int, name: str) -> Commune:
    district = str(981 + (number - 1) // 8)
    return Commune(f"99{number:03d}", name, _FORMER[district], district)


_NAMES = tuple(name.strip() for row in _OLD_NAMES.split("\n") for name in row.split("|") if row)

OLD: dict[str, Commune] = {
    commune.code: commune for commune in (_old(at, name) for at, name in enumerate(_NAMES, start=1))
}
NEW: dict[str, Commune] = {code: Commune(code, name, PROVINCE, "") for code, name, _ in _NEW}


def _conversion() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = dict.fromkeys(OLD, ())
    for new, _, parts in _NEW:
        for part in parts:
            found[f"99{part:03d}"] += (new,)
    return found


# Old code to the new communes its area went to; more than one for the communes that were split.
CONVERSION: dict[str, tuple[str, ...]] = _conversion()
SPLIT: frozenset[str] = frozenset(old for old, new in CONVERSION.items() if len(new) > 1)
PARTS: dict[str, tuple[str, ...]] = {
    new: tuple(old for old, found in CONVERSION.items() if new in found) for new in NEW
}


def on(day: date) -> dict[str, Commune]:
    """Return the division in force on *day*, by code."""
    return OLD if day < REFORM else NEW


def same_place(kept: str, kept_is_old: bool, asked: str, asked_on: date) -> bool:  # noqa: FBT001 - pairs with its code
    """Tell whether the commune *kept* on record surely is the commune *asked* about.

    An old record of a split commune is no proof of either half; nor can a new one prove an old.
    """
    asked_is_old = asked_on < REFORM
    if kept_is_old == asked_is_old:
        return kept == asked
    return kept_is_old and CONVERSION.get(kept) == (asked,)
