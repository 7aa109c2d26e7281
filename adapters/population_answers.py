"""What the population register answers, in the catalog's words.

Codes stay the register's own text: gioi_tinh 1 male, 2 female; dan_toc 01 to 54; ton_giao 00 none,
01 to 05; tinh_trang_hon_nhan 1 never married, 2 married, 3 divorced, 4 widowed; nhom_mau 1 A, 2 B,
3 AB, 4 O; tinh_trang_song 1 alive, 2 dead, 3 declared missing; quan_he 00 self or head, 01 wife or
husband, 02 father, 03 mother, 04 child, 05 brother or sister, 06 grandparent, 07 grandchild,
08 guardian, 99 other.  The register's "0" means "no data" and becomes not_on_record.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from adapters.errors import SourceSchemaMismatch
from adapters.protocol import Json, Subject
from adapters.shapes import day_of, folded, nfc, person
from adapters.soap import Element

SOURCE = "population"
DATA = "http://www.mic.gov.vn/dancu/1.0"

_NEW_DIVISION = "2025-07-01"  # NQ 202/2025/QH15: two levels, no districts since that day
_NUMBER = re.compile(r"[0-9]{12}")
_OLD_CARD = re.compile(r"[0-9]{9}")
_YEAR = re.compile(r"[0-9]{4}")
_BIRTH_DAY = re.compile(r"[0-9]{6}([0-9]{2})?")
_RELATION = re.compile(r"0[0-8]|99")

Parts: TypeAlias = Mapping[str, tuple[Element, ...]]


def drift() -> SourceSchemaMismatch:
    """Return the error for an answer that is not the agreed shape."""
    return SourceSchemaMismatch(SOURCE, "answer outside its contract")


def names(namespace: str, *known: str) -> Mapping[str, str]:
    """Return the local names by the full ones, for `parts`."""
    return {f"{{{namespace}}}{name}": name for name in known}


def parts(children: Iterable[Element], known: Mapping[str, str]) -> Parts:
    """Return *children* by local name; one that is not *known* is drift, never ignored.

    A renamed member would otherwise pass for one that is not on record.
    """
    found: dict[str, tuple[Element, ...]] = {}
    for child in children:
        name = known.get(child.name)
        if name is None:
            raise drift()
        found[name] = (*found[name], child) if name in found else (child,)
    return found


_PLACES: Mapping[str, str] = {
    "ChiTiet": "chi_tiet",
    "MaPhuongXa": "ma_xa",
    "TenPhuongXa": "ten_xa",
    "MaQuanHuyen": "ma_huyen",
    "MaTinhThanh": "ma_tinh",
    "QuocGia": "quoc_gia",
}
_ADDRESS = names(DATA, *_PLACES)
_BIRTH = names(DATA, "Nam", "NgayThangNam")
_NAME = names(DATA, "Ho", "ChuDem", "Ten")
_RELATIVE = names(DATA, "HoVaTen", "QuocTich", "SoDinhDanh", "SoCMND", "QuanHe")


def only(found: Parts, name: str) -> Element | None:
    """Return the one child *name*, None when absent; two are drift."""
    children = found.get(name)
    if children is None:
        return None
    if len(children) != 1:
        raise drift()
    return children[0]


def text(found: Parts, name: str, form: "re.Pattern[str] | None" = None) -> str | None:
    """Return the composed text of *name*, None when absent or blank; another *form* is drift."""
    child = only(found, name)
    if child is None:
        return None
    value = nfc(child.text) or None
    if child.children or (value is not None and form is not None and not form.fullmatch(value)):
        raise drift()
    return value


def need(found: Parts, name: str, form: "re.Pattern[str] | None" = None) -> str:
    """Return the text of *name*; absent or blank is drift."""
    value = text(found, name, form)
    if value is None:
        raise drift()
    return value


def code(found: Parts, name: str, form: "re.Pattern[str]") -> str | None:
    """Return a code, None when absent or "0", the register's "no data"."""
    value = text(found, name, form)
    return None if value == "0" else value


def full_name(element: Element) -> str:
    """Return family, middle and given names as one."""
    found = parts(element.children, _NAME)
    return nfc(f"{need(found, 'Ho')} {text(found, 'ChuDem') or ''} {need(found, 'Ten')}")


def birth_date(element: Element) -> Json:
    """Return an ISO date, or the parts that are on record."""
    found = parts(element.children, _BIRTH)
    year = need(found, "Nam", _YEAR)
    digits = text(found, "NgayThangNam", _BIRTH_DAY) or year
    if not digits.startswith(year):
        raise drift()
    return day_of(SOURCE, digits)


def address(element: Element) -> dict[str, str] | None:
    """Return an address; `hieu_luc_tu` says that its commune is one of the present division.

    An address of before 1 July 2025 has a district (`ma_huyen`) and no `hieu_luc_tu`: the same
    commune code means another area then.
    """
    found = parts(element.children, _ADDRESS)
    told = {ours: value for theirs, ours in _PLACES.items() if (value := text(found, theirs))}
    if "ma_xa" in told and "ma_huyen" not in told:
        told["hieu_luc_tu"] = _NEW_DIVISION
    return told or None


def relative(element: Element) -> dict[str, str]:
    """Return a related person or a member of a household."""
    found = parts(element.children, _RELATIVE)
    name = only(found, "HoVaTen")
    if name is None:
        raise drift()
    number = text(found, "SoDinhDanh", _NUMBER)
    return person(full_name(name), number, text(found, "QuanHe", _RELATION))


_READERS: Mapping[str, tuple[str, Callable[[Element], Json]]] = {
    "HoVaTen": ("ho_ten", full_name),
    "NgayThangNamSinh": ("ngay_sinh", birth_date),
    "NoiDangKyKhaiSinh": ("noi_dang_ky_khai_sinh", address),
    "QueQuan": ("que_quan", address),
    "ThuongTru": ("thuong_tru", address),
    "NoiOHienTai": ("noi_o_hien_tai", address),
    "Cha": ("cha", relative),
    "Me": ("me", relative),
    "VoChong": ("vo_chong", relative),
    "ChuHo": ("chu_ho", relative),
}
_CODES: Mapping[str, tuple[str, "re.Pattern[str]"]] = {
    "GioiTinh": ("gioi_tinh", re.compile("[0-2]")),
    "DanToc": ("dan_toc", re.compile("[0-9]{2}")),
    "TonGiao": ("ton_giao", re.compile("[0-9]{2}")),
    "QuocTich": ("quoc_tich", re.compile("[A-Z]{2}")),
    "NhomMau": ("nhom_mau", re.compile("[0-4]")),
    "TinhTrangHonNhan": ("tinh_trang_hon_nhan", re.compile("[0-4]")),
    "SoCMND": ("so_cmnd", _OLD_CARD),
}
_ELEMENTS = {ours: theirs for theirs, (ours, _) in (*_READERS.items(), *_CODES.items())}
_UNREAD = ("SoSoHoKhau", "NguoiDaiDien", "DienChuThe")
_CITIZEN = names(DATA, *_READERS, *_CODES, *_UNREAD, "SoDinhDanh", "ThoiDiemCapNhat")
_HOUSEHOLD = names(DATA, "SoSoHoKhau", "ChuHo", "ThanhVien")


def wanted(fields: frozenset[str], subject: Subject) -> str:
    """Return the register's names of *fields*, blank-separated, for TruongThongTin.

    A question by the old card also wants card and name back, to know whom the answer is about.
    The name is wanted too when nothing else is: an empty list would mean everything.
    """
    names = {_ELEMENTS[field] for field in fields if field in _ELEMENTS}
    if subject.so_dinh_danh is None:
        names |= {"SoCMND", "HoVaTen"}
    return " ".join(sorted(names or {"HoVaTen"}))


def citizen(element: Element, subject: Subject, current: str | None) -> tuple[dict[str, Json], str]:
    """Return every value of one CongDan in the catalog's words, and when it was last changed.

    Raises:
        SourceSchemaMismatch: another shape, or somebody else than *subject* (or than the
            *current* number that replaced the one asked).
    """
    found = parts(element.children, _CITIZEN)
    values: dict[str, Json] = dict.fromkeys(_ELEMENTS)
    values["so_dinh_danh"] = need(found, "SoDinhDanh", _NUMBER)
    for theirs, (ours, reader) in _READERS.items():
        child = only(found, theirs)
        values[ours] = None if child is None else reader(child)
    for theirs, (ours, form) in _CODES.items():
        values[ours] = code(found, theirs, form)
    _demand_person(values, subject, current)
    values["so_cmnd"] = [values["so_cmnd"]] if values["so_cmnd"] else None  # may be several
    return values, need(found, "ThoiDiemCapNhat")


def household(element: Element, subject: Subject, current: str | None) -> dict[str, Json]:
    """Return head and members; the person asked for must be among them."""
    found = parts(element.children, _HOUSEHOLD)
    head = only(found, "ChuHo")
    if head is None:
        raise drift()
    people = [relative(each) for each in (head, *found.get("ThanhVien", ()))]
    asked = current or subject.so_dinh_danh
    numbered = asked is not None and any(asked == each.get("so_dinh_danh") for each in people)
    named = asked is None and any(
        folded(each["ho_ten"]) == folded(subject.ho_ten or "") for each in people
    )
    if not (numbered or named):
        raise _somebody_else()
    return {"chu_ho": people[0], "thanh_vien": people[1:]}


def _demand_person(values: Mapping[str, Json], subject: Subject, current: str | None) -> None:
    """Insist on the number asked, or its documented successor, or the same card and name."""
    if current is not None or subject.so_dinh_danh is not None:
        same = values["so_dinh_danh"] == (current or subject.so_dinh_danh)
    else:
        same = values["so_cmnd"] in {None, subject.so_cmnd} and (
            folded(values["ho_ten"] or "") == folded(subject.ho_ten or "")
        )
    if not same:
        raise _somebody_else()


def _somebody_else() -> SourceSchemaMismatch:
    return SourceSchemaMismatch(SOURCE, "an answer about somebody else")
