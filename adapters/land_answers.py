"""What the land register answers, in the catalog's words.

Codes stay the register's own text: muc_dich ODT, ONT, CLN, LUC, BHK ...; nguon_goc CNQ-CTT, DG-CTT,
NCN, NTK, NTC; thoi_han LAU_DAI or the ISO date on which the term ends; vai_tro CHU_SU_DUNG (sole),
DONG_SU_DUNG (co-holder), VO_CHONG (couple); han_che's loai THE_CHAP (mortgage), QUY_HOACH
(planning), TRANH_CHAP (dispute).  Areas are square metres.
"""

from collections.abc import Sequence
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from adapters.protocol import Json, Match, PartialDate, Record, Subject
from adapters.shapes import NOT_ON_RECORD, folded, instant_of, nfc, somebody_else

SOURCE = "land"
SEVERAL_CERTIFICATES = "several_certificates"  # the values stand in `thua_dat`, by parcel
SEVERAL_PARCELS = "several_parcels"  # the same, within one certificate

_HEAD = ("so_phat_hanh", "so_vao_so", "ngay_cap", "chu_su_dung", "han_che")
_MEMBERS = (
    "so_to",
    "so_thua",
    "so_to_cu",
    "so_thua_cu",
    "dien_tich",
    "muc_dich",
    "thoi_han",
    "nguon_goc",
    "dia_chi_thua",
)

_LOT: dict[str, Json] = dict.fromkeys(_MEMBERS)  # a parcel of which nothing is known
_NOBODY = Match.NOT_A_PERSON
# What a parcel may lack; its restrictions stand in its certificate.
_LACKING: dict[str, str] = dict.fromkeys(("so_to_cu", "so_thua_cu", "han_che"), NOT_ON_RECORD)

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True, rename="camel"):
    """One page of a search."""

    trang: int
    tong_so: int
    du_lieu: list[Item]


class Parcel(Struct, frozen=True, rename="camel"):
    """ThuaDat."""

    thua_id: str
    xa_id: str
    so_hieu_to_ban_do: str
    so_thu_tu_thua: str
    so_hieu_to_ban_do_cu: str | None
    so_thu_tu_thua_cu: str | None
    dien_tich: float
    muc_dich: str
    thoi_han: str
    nguon_goc: str
    dia_chi: str
    thoi_diem_ket_thuc: str | None
    thoi_diem_cap_nhat: str
    xa_id_cu: str | None = None


class Holder(Struct, frozen=True, rename="camel"):
    """ChuSuDung."""

    ho_ten: str
    so_giay_to: str | None
    vai_tro: Literal["CHU_SU_DUNG", "DONG_SU_DUNG", "VO_CHONG"]
    nam_sinh: int | None = None


class Restriction(Struct, frozen=True, rename="camel"):
    """HanChe."""

    loai: str
    noi_dung: str
    tu_ngay: str


class Certificate(Struct, frozen=True, rename="camel"):
    """GiayChungNhan."""

    gcn_id: str
    so_phat_hanh: str
    so_vao_so: str
    ngay_cap: str
    tinh_trang: Literal["HIEU_LUC", "DA_THU_HOI"]
    chu_su_dung: list[Holder]
    thua_dat: list[Parcel]
    han_che: list[Restriction]
    thoi_diem_cap_nhat: str


class Verdict(Struct, frozen=True, rename="camel"):
    """KetQuaXacMinh."""

    so_giay_to: str
    la_chu_su_dung: bool
    vai_tro: Literal["CHU_SU_DUNG", "DONG_SU_DUNG", "VO_CHONG"] | None
    thoi_diem_cap_nhat: str


def demand_parcel(told: Parcel, subject: Subject) -> None:
    """Insist on the commune, sheet and number asked for, each the present or the former one.

    Raises:
        SourceSchemaMismatch: an answer about another parcel.
    """
    if (
        subject.ma_xa not in (told.xa_id, told.xa_id_cu)
        or subject.so_to not in (told.so_hieu_to_ban_do, told.so_hieu_to_ban_do_cu)
        or subject.so_thua not in (told.so_thu_tu_thua, told.so_thu_tu_thua_cu)
    ):
        raise somebody_else(SOURCE)


def same_serial(asked: str, answered: str) -> bool:
    """Compare certificate serials as the register does: upper case, without blanks."""
    return "".join(asked.upper().split()) == "".join(answered.upper().split())


def named_on(told: Certificate, paper: str, subject: Subject) -> bool:
    """Say whether *told* holds *paper* under the name of *subject*, and under no other birth year.

    A name matches as the registers compare them: without marks, case and spare blanks.
    """
    year = _year(subject.ngay_sinh)
    return subject.ho_ten is not None and any(
        holder.so_giay_to == paper
        and folded(holder.ho_ten) == folded(subject.ho_ten)
        and (year is None or holder.nam_sinh in {None, year})
        for holder in told.chu_su_dung
    )


def _year(day: str | PartialDate | None) -> int | None:
    if isinstance(day, PartialDate):
        return day.nam
    return None if day is None else int(day[:4])


def parcel(told: Parcel) -> Record:
    """Return one parcel; holders and restrictions are not part of this answer."""
    return Record(
        values=_members(told),
        as_of=instant_of(SOURCE, told.thoi_diem_cap_nhat),
        match=_NOBODY,
        unavailable=_LACKING,
    )


def certificates(
    found: Sequence[Certificate], papers: Sequence[str], fields: frozenset[str]
) -> Record:
    """Return one certificate, or several, by their parcels.

    With one certificate every value stands by its own name, and with one parcel the parcel's too.
    With several, `thua_dat` alone tells them apart: each parcel carries its certificate's
    restrictions and those of its other values that were asked for, and no more.

    Args:
        found: at least one.
        papers: numbers under which the person asked about may be a holder.
        fields: what was asked.
    """
    heads = [_head(each, papers) for each in found]
    parcels = [
        _LOT | _members(each) | {name: head[name] for name in head.keys() & {*fields, "han_che"}}
        for whole, head in zip(found, heads, strict=True)
        for each in whole.thua_dat
    ]
    known: dict[str, Json] = dict.fromkeys(_HEAD) | _LOT
    if len(found) == 1:
        known |= heads[0]
    if len(parcels) == 1:
        known |= _members(found[0].thua_dat[0])
    known["thua_dat"] = parcels
    return Record(
        values=known,
        as_of=max(instant_of(SOURCE, each.thoi_diem_cap_nhat) for each in found),
        match=Match.EXACT,
        unavailable=_reasons(len(found), len(parcels)),
    )


def _reasons(wholes: int, parcels: int) -> dict[str, str]:
    """Return why values do not stand by their own name."""
    if wholes > 1:
        return dict.fromkeys((*_HEAD, *_MEMBERS), SEVERAL_CERTIFICATES)
    return dict.fromkeys(_MEMBERS, SEVERAL_PARCELS) if parcels > 1 else {}


def _head(told: Certificate, papers: Sequence[str]) -> dict[str, Json]:
    return {
        "so_phat_hanh": told.so_phat_hanh,
        "so_vao_so": told.so_vao_so,
        "ngay_cap": told.ngay_cap,
        "chu_su_dung": [_holder(each, papers) for each in told.chu_su_dung],
        "han_che": [
            {"loai": each.loai, "noi_dung": nfc(each.noi_dung), "tu_ngay": each.tu_ngay}
            for each in told.han_che
        ],
    }


def _holder(told: Holder, papers: Sequence[str]) -> dict[str, str]:
    """Return name and role of the person asked about, and of everybody else the name only."""
    named = {"ho_ten": nfc(told.ho_ten)}
    return {**named, "vai_tro": told.vai_tro} if told.so_giay_to in papers else named


def _members(told: Parcel) -> dict[str, Json]:
    """Return the values the register has of a parcel."""
    known: dict[str, Json] = {
        "so_to": told.so_hieu_to_ban_do,
        "so_thua": told.so_thu_tu_thua,
        "dien_tich": told.dien_tich,
        "muc_dich": told.muc_dich,
        "thoi_han": told.thoi_han,
        "nguon_goc": told.nguon_goc,
        "dia_chi_thua": {"chi_tiet": nfc(told.dia_chi), "ma_xa": told.xa_id, "quoc_gia": "VN"},
    }
    if told.so_hieu_to_ban_do_cu is not None:
        known["so_to_cu"] = told.so_hieu_to_ban_do_cu
    if told.so_thu_tu_thua_cu is not None:
        known["so_thua_cu"] = told.so_thu_tu_thua_cu
    return known
