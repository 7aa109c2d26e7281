"""What the insurance fund answers, in the catalog's words.

Codes stay the fund's own: trang_thai_the 1 valid, 2 lapsed, 3 locked; loai_hinh BAT_BUOC or
TU_NGUYEN; loai_huong HUU_TRI, TU_TUAT, MAT_SUC, THAI_SAN, OM_DAU, THAT_NGHIEP.  Months are
"YYYY-MM", amounts đồng a month, tong_thoi_gian months.
"""

from datetime import datetime
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from adapters.client import json_reader
from adapters.errors import SourceSchemaMismatch
from adapters.protocol import Json, Match, Record
from adapters.shapes import ICT, day_of, nfc

SOURCE = "insurance"


class Person(Struct, frozen=True, rename="camel", kw_only=True):
    """Whom an answer is about; every answer begins so."""

    ma_so_bhxh: str
    so_dinh_danh: str | None
    ho_ten: str
    ngay_cap_nhat: str


class Place(Struct, frozen=True):
    """A place of first treatment."""

    ma: str
    ten: str


class Card(Person, frozen=True, rename="camel", kw_only=True):
    """TheBhyt."""

    so_the_bhyt: str
    ngay_cap: str
    noi_kcb_ban_dau: Place
    tu_ngay: str
    den_ngay: str
    five_years: str | None = msgspec.field(name="ngayDu5Nam")
    trang_thai: Literal[1, 2, 3]


class Period(Struct, frozen=True, rename="camel"):
    """One line of a contribution history."""

    tu_thang: str
    den_thang: str | None
    ma_don_vi: str
    ten_don_vi: str
    loai_hinh: Literal["BAT_BUOC", "TU_NGUYEN"]
    muc_dong: int


class History(Person, frozen=True, rename="camel", kw_only=True):
    """QuaTrinh."""

    tong_thoi_gian_thang: int
    qua_trinh: list[Period]


class Kind(Struct, frozen=True, rename="camel"):
    """One benefit."""

    loai: Literal["HUU_TRI", "TU_TUAT", "MAT_SUC", "THAI_SAN", "OM_DAU", "THAT_NGHIEP"]


class Benefit(Person, frozen=True, rename="camel", kw_only=True):
    """DangHuong."""

    dang_huong: bool
    che_do: list[Kind] | None = None  # only when asked for


About = TypeVar("About", bound=Person)


class Envelope(Struct, Generic[About], frozen=True, rename="camel"):
    """PhongBi: what every answer comes in."""

    code: int
    correlation_id: str
    response: About | None


CARD = json_reader(SOURCE, msgspec.json.Decoder(Envelope[Card]))
HISTORY = json_reader(SOURCE, msgspec.json.Decoder(Envelope[History]))
BENEFIT = json_reader(SOURCE, msgspec.json.Decoder(Envelope[Benefit]))


def card(told: Card, upstream_id: str) -> Record:
    """Return the health insurance card."""
    place = told.noi_kcb_ban_dau
    known: dict[str, Json] = {
        "so_the_bhyt": told.so_the_bhyt,
        "ngay_cap_the": _day(told.ngay_cap),
        "noi_kcb_ban_dau": {"ma": place.ma, "ten": nfc(place.ten)},
        "tu_ngay": _day(told.tu_ngay),
        "den_ngay": _day(told.den_ngay),
        "ngay_5_nam": None if told.five_years is None else _day(told.five_years),
        "trang_thai_the": str(told.trang_thai),
    }
    return _record(known, told, upstream_id)


def history(told: History, upstream_id: str) -> Record:
    """Return the contribution history; a line without `den_thang` still lasts."""
    known: dict[str, Json] = {
        "ma_so_bhxh": told.ma_so_bhxh,
        "qua_trinh": [_line(each) for each in told.qua_trinh],
        "tong_thoi_gian": told.tong_thoi_gian_thang,
    }
    return _record(known, told, upstream_id)


def benefit(told: Benefit, upstream_id: str, *, detailed: bool) -> Record:
    """Return whether a benefit is being received and, when *detailed*, which kinds.

    Raises:
        SourceSchemaMismatch: the kinds were asked for and are not there.
    """
    if detailed and told.che_do is None:
        raise SourceSchemaMismatch(SOURCE, "answer outside its contract")
    known: dict[str, Json] = {
        "dang_huong": told.dang_huong,
        "loai_huong": [each.loai for each in told.che_do or ()] if detailed else None,
    }
    return _record(known, told, upstream_id)


def _record(known: dict[str, Json], told: Person, upstream_id: str) -> Record:
    as_of = datetime.fromisoformat(_day(told.ngay_cap_nhat)).replace(tzinfo=ICT)
    return Record(values=known, as_of=as_of, match=Match.EXACT, upstream_id=upstream_id)


def _line(told: Period) -> dict[str, Json]:
    line: dict[str, Json] = {
        "tu_thang": _month(told.tu_thang),
        "ma_don_vi": told.ma_don_vi,
        "ten_don_vi": nfc(told.ten_don_vi),
        "loai_hinh": told.loai_hinh,
        "muc_dong": told.muc_dong,
    }
    if told.den_thang is not None:
        line["den_thang"] = _month(told.den_thang)
    return line


def _digits(text: str) -> str:
    """Return dd/MM/yyyy as yyyyMMdd, MM/yyyy as yyyyMM."""
    return "".join(reversed(text.split("/")))


def _day(text: str) -> str:
    day = day_of(SOURCE, _digits(text))
    if not isinstance(day, str):
        raise SourceSchemaMismatch(SOURCE, "a date that is none")
    return day


def _month(text: str) -> str:
    month = day_of(SOURCE, _digits(text))
    if not isinstance(month, dict):
        raise SourceSchemaMismatch(SOURCE, "a month that is none")
    digits = _digits(text)
    return f"{digits[:4]}-{digits[4:]}"
