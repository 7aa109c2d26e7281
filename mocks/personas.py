"""The cast: personas with stable numbers, what each shows, their facts in the four registers."""

from functools import cache

from msgspec import Struct

from mocks.careers import Career
from mocks.estates import Certificate
from mocks.people import Person
from mocks.persona_lives import LIVES
from mocks.persona_papers import BIRTHS, CAREERS, CERTIFICATES, DEATHS, MARRIAGES
from mocks.records import BirthRecord, DeathRecord, MarriageRecord


class Persona(Struct, frozen=True):
    """One persona: who a caller asks about, and what comes of it."""

    id: str
    person: Person
    shows: str
    shows_vi: str


class Cast(Struct, frozen=True, kw_only=True):
    """What the personas bring into the province."""

    people: tuple[Person, ...]
    certificates: tuple[Certificate, ...]
    careers: tuple[Career, ...]
    births: tuple[BirthRecord, ...]
    deaths: tuple[DeathRecord, ...]
    marriages: tuple[MarriageRecord, ...]


SHOWS: dict[str, tuple[str, str]] = {
    "p01": (
        "everything matches: spouse, child, certificate, valid card, work history",
        "mọi cơ sở dữ liệu khớp nhau",
    ),
    "p02": ("spouse and co-holder of p01's certificate", "vợ chồng cùng đứng tên giấy chứng nhận"),
    "p03": ("single adult, valid card, no land", "người độc thân"),
    "p04": ("only the year of birth is on record", "chỉ có năm sinh"),
    "p05": ("number replaced: ask under the old one", "số định danh đã thay đổi"),
    "p06": ("missing from the land register", "không có trong cơ sở dữ liệu đất đai"),
    "p07": (
        "land holder's name differs from the population register",
        "tên trên giấy chứng nhận khác",
    ),
    "p08": ("health insurance card lapsed", "thẻ BHYT hết hạn"),
    "p09": ("child under 6 of p01 and p02, card of group TE", "trẻ em dưới 6 tuổi"),
    "p10": ("child of 10 whose guardian is p06", "trẻ 10 tuổi có người giám hộ"),
    "p11": (
        "adult without capacity; guardian is the sister, p14",
        "người mất năng lực hành vi dân sự",
    ),
    "p12": ("dead, with a death record", "đã mất, có khai tử"),
    "p13": ("widow of p12", "goá"),
    "p14": ("divorced", "đã ly hôn"),
    "p15": ("two certificates, two parcels, one mortgaged", "hai thửa đất"),
    "p16": (
        "parcel with old and new sheet and number, oldest form of serial",
        "thửa đất có số cũ và số mới",
    ),
    "p17": (
        "address still in a commune that was split: no conversion by code",
        "địa chỉ thuộc xã bị chia tách",
    ),
    "p18": ("long name with rare marks", "họ tên dài, dấu hiếm gặp"),
    "p19": ("widow who receives a survivor benefit", "đang hưởng trợ cấp tuất"),
    "p20": ("newborn known to the civil status register only", "mới chỉ có khai sinh"),
    "p21": ("aged 85, no pension and no benefit", "người trên 80 tuổi không có lương hưu"),
    "p22": ("canary: must never appear in a log, URL, metric or error", "số mồi để dò rò rỉ"),
    "p23": ("certificate made out to the 9-digit card only", "giấy chứng nhận ghi số CMND 9 số"),
    "p24": ("hidden record: every register answers as if nobody were there", "hồ sơ bị ẩn"),
}


@cache
def personas() -> tuple[Persona, ...]:
    """Return the personas in order of their ids, p01 to p24."""
    return tuple(Persona(id_, LIVES[id_], *SHOWS[id_]) for id_ in SHOWS)


def persona(id_: str) -> Person:
    """Return the person behind *id_*; KeyError when there is none."""
    return LIVES[id_]


def cast() -> Cast:
    """Return all that the personas bring into the province."""
    return Cast(
        people=tuple(LIVES.values()),
        certificates=CERTIFICATES,
        careers=CAREERS,
        births=BIRTHS,
        deaths=DEATHS,
        marriages=MARRIAGES,
    )
