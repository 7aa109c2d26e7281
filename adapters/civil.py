"""The civil status register: one operation for each kind of record, HTTP Basic.

Source: domain.md 2.5 and the register's OpenAPI document.
"""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Literal

import msgspec
from msgspec import Struct

from adapters.breaker import BreakerState
from adapters.client import JSON, QuestionRefused, SourceReply, accepted, decoded, trace_headers
from adapters.errors import AdapterMisconfigured, SourceMalformed, SubjectUnknown
from adapters.guard import GuardedClient, Observe, Question
from adapters.protocol import Json, Match, Query, Record, SourceAdapter
from adapters.settings import SourceSettings
from adapters.shapes import day_of, demand_same, digits_of, instant_of, nfc, person, record

SOURCE = "civil"
ENDED = "marriage_ended"  # the record stands, the marriage does not
_NO_SPOUSE = {"vo_chong": ENDED}


class Someone(Struct, frozen=True, rename="camel"):
    """Nguoi; the birth date is ISO, or "1950-03", or "1950"."""

    ho_ten: str
    ngay_sinh: str
    so_dinh_danh: str | None


class Office(Struct, frozen=True, rename="camel"):
    """NoiDangKy; the commune as of the day of registration."""

    ma_xa: str
    ten_xa: str


class Entry(Struct, frozen=True, rename="camel", kw_only=True):
    """What every record begins with."""

    so_tra_cuu: str
    ngay_dang_ky: str
    noi_dang_ky: Office
    thoi_diem_cap_nhat: str


class Birth(Entry, frozen=True, rename="camel", kw_only=True):
    """KhaiSinh."""

    so_khai_sinh: str
    nguoi_duoc_khai_sinh: Someone
    cha: Someone | None
    me: Someone | None


class Death(Entry, frozen=True, rename="camel", kw_only=True):
    """KhaiTu."""

    so_khai_tu: str
    nguoi_chet: Someone
    ngay_mat: str
    nguyen_nhan: str


class Marriage(Entry, frozen=True, rename="camel", kw_only=True):
    """KetHon."""

    so_ket_hon: str
    vo: Someone
    chong: Someone
    tinh_trang: Literal["HIEU_LUC", "LY_HON", "MOT_BEN_MAT"]


class Problem(Struct, frozen=True):
    """The inside of Loi."""

    code: str


class Failure(Struct, frozen=True, rename="camel"):
    """Loi."""

    error: Problem
    so_tra_cuu: str


_FAILURE = msgspec.json.Decoder(Failure)
_BIRTH = msgspec.json.Decoder(Birth)
_DEATH = msgspec.json.Decoder(Death)
_MARRIAGE = msgspec.json.Decoder(Marriage)


def _birth(body: bytes, query: Query) -> Record:
    told = decoded(SOURCE, body, _BIRTH)
    child = told.nguoi_duoc_khai_sinh
    demand_same(SOURCE, query.subject.so_dinh_danh, (child.so_dinh_danh,))
    known: dict[str, Json] = {
        "so_khai_sinh": told.so_khai_sinh,
        "ho_ten_con": nfc(child.ho_ten),
        "ngay_sinh": day_of(SOURCE, child.ngay_sinh.replace("-", "")),
        "cha": _related(told.cha),
        "me": _related(told.me),
    }
    return _entry(told, known)


def _death(body: bytes, query: Query) -> Record:
    told = decoded(SOURCE, body, _DEATH)
    demand_same(SOURCE, query.subject.so_dinh_danh, (told.nguoi_chet.so_dinh_danh,))
    known: dict[str, Json] = {
        "so_khai_tu": told.so_khai_tu,
        "ngay_mat": _day(told.ngay_mat),
        "nguyen_nhan": nfc(told.nguyen_nhan) or None,
    }
    return _entry(told, known, subject_is="deceased")


def _marriage(body: bytes, query: Query) -> Record:
    told = decoded(SOURCE, body, _MARRIAGE)
    asked, couple = query.subject.so_dinh_danh, (told.vo, told.chong)
    demand_same(SOURCE, asked, [each.so_dinh_danh for each in couple])
    spouse = next(each for each in reversed(couple) if each.so_dinh_danh != asked)
    stands = told.tinh_trang == "HIEU_LUC"
    known: dict[str, Json] = {
        "so_ket_hon": told.so_ket_hon,
        "vo_chong": _related(spouse) if stands else None,
    }
    return _entry(told, known, reasons=_NO_SPOUSE)


OPERATIONS: Mapping[str, tuple[str, Callable[[bytes, Query], Record]]] = {
    "hotich.khaisinh": ("/hotich/v1/khai-sinh", _birth),
    "hotich.khaitu": ("/hotich/v1/khai-tu", _death),
    "hotich.kethon": ("/hotich/v1/ket-hon", _marriage),
}


class CivilStatusAdapter:
    """Asks the civil status register; `SourceAdapter`.

    The settings' `credentials` hold `user` and `password`.
    """

    name = SOURCE

    def __init__(self, settings: SourceSettings, *, observe: Observe | None = None) -> None:
        secrets = settings.credentials
        if not {"user", "password"} <= secrets.keys() or settings.options:
            raise AdapterMisconfigured(
                f"{SOURCE}: needs credentials.user and password, and no options"
            )
        pair = f"{secrets['user'].get_secret_value()}:{secrets['password'].get_secret_value()}"
        self._headers = {
            "Content-Type": JSON,
            "Accept": JSON,
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        }
        self._client = GuardedClient(SOURCE, settings, observe=observe)

    @property
    def state(self) -> BreakerState:
        """Whether questions go through now."""
        return self._client.state

    @property
    def in_flight(self) -> int:
        """How many questions are under way."""
        return self._client.in_flight

    async def open(self) -> None:
        """Make ready; raise AdapterMisconfigured when the settings cannot work."""
        await self._client.open()

    async def fetch(self, query: Query) -> Record:
        """Answer *query* before its deadline.

        Raises:
            SubjectUnknown: no such record of this person.
            SourceError: as the client says.
        """
        path, told = OPERATIONS.get(query.service, ("", None))
        if told is None:
            raise QuestionRefused(SOURCE, "service not offered")

        def read(reply: SourceReply) -> Record:
            return record(query, told(_body(reply), query))

        question = Question(
            path=path,
            headers=self._headers,
            body=msgspec.json.encode(_person(query)),
            trace=trace_headers(query.exchange_id, query.traceparent),
        )
        return await self._client.ask(question, read, deadline=query.deadline)

    async def aclose(self) -> None:
        """Let go of connections; twice is harmless."""
        await self._client.aclose()


def _person(query: Query) -> dict[str, str]:
    subject = query.subject
    if not subject.ho_ten or subject.so_dinh_danh is None:
        raise QuestionRefused(SOURCE, "question without number or name")
    asked = {"soDinhDanh": subject.so_dinh_danh, "hoTen": nfc(subject.ho_ten)}
    if subject.ngay_sinh is not None:
        digits = digits_of(SOURCE, subject.ngay_sinh)
        parts = (digits[:4], digits[4:6], digits[6:8])
        asked["ngaySinh"] = "-".join(filter(None, parts))
    return asked


def _body(reply: SourceReply) -> bytes:
    """Return the body of a 200; a 404 is "no record" only when the register itself says so."""
    if reply.status != HTTPStatus.NOT_FOUND:
        return accepted(SOURCE, reply, JSON)
    failure = decoded(SOURCE, reply.body, _FAILURE)
    if failure.error.code != "KHONG_CO":
        raise SourceMalformed(SOURCE, "answered 404")
    raise SubjectUnknown(SOURCE, "no record", upstream_id=failure.so_tra_cuu)


def _entry(
    told: Entry,
    known: Mapping[str, Json],
    *,
    subject_is: str = "adult",
    reasons: dict[str, str] | None = None,
) -> Record:
    """Return a record; its office's commune code is the one of the day of registration."""
    day = _day(told.ngay_dang_ky)
    office = {
        "ma_xa": told.noi_dang_ky.ma_xa,
        "ten_xa": nfc(told.noi_dang_ky.ten_xa),
        "ngay_dia_gioi": day,
    }
    return Record(
        values={**known, "ngay_dang_ky": day, "noi_dang_ky": office},
        as_of=instant_of(SOURCE, told.thoi_diem_cap_nhat),
        match=Match.EXACT,
        upstream_id=told.so_tra_cuu,
        subject_is=subject_is,
        unavailable=reasons or {},
    )


def _related(someone: Someone | None) -> dict[str, str] | None:
    return None if someone is None else person(someone.ho_ten, someone.so_dinh_danh)


def _day(text: str) -> Json:
    return day_of(SOURCE, text.replace("-", ""))


_: type[SourceAdapter] = CivilStatusAdapter
