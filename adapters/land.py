"""The land register: paged JSON, a key and an agency code on every question.

A certificate is shown only to a question that names one of its holders.  Old certificates hold
the holder's 9-digit card, so a question that brings `so_cmnd` too is put once for each number.
Nothing but the caller's word ties that card to the person, so what stands under it counts only
when the register holds it under the same name, and the same year of birth where both are known.
Source: domain.md 2.4 and the register's OpenAPI document.
"""

from collections.abc import Callable
from types import CoroutineType
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from adapters.breaker import BreakerState
from adapters.client import JSON, QuestionRefused, SourceReply, json_reader, trace_headers
from adapters.errors import AdapterMisconfigured, SourceSchemaMismatch, SubjectUnknown
from adapters.guard import GuardedClient, Observe, Question
from adapters.land_answers import (
    Certificate,
    Page,
    Parcel,
    Verdict,
    certificates,
    demand_parcel,
    named_on,
    parcel,
    same_serial,
)
from adapters.protocol import Json, Match, Query, Record, SourceAdapter
from adapters.settings import SourceSettings
from adapters.shapes import demand_same, instant_of, record

SOURCE = "land"

_CERTIFICATES = "/api/v1/giay-chung-nhan/tim-kiem"
_PARCELS = "/api/v1/thua-dat/tim-kiem"
_HOLDERS = "/api/v1/chu-su-dung/xac-minh"
_PAGE = 100  # the register's own ceiling
_PAGES = 5  # more than 500 certificates of one person are not read

Shape = TypeVar("Shape")

_ENCODER = msgspec.json.Encoder()
_CERTIFICATE_PAGE = json_reader(SOURCE, msgspec.json.Decoder(Page[Certificate]))
_PARCEL_PAGE = json_reader(SOURCE, msgspec.json.Decoder(Page[Parcel]))
_VERDICT = json_reader(SOURCE, msgspec.json.Decoder(Verdict))


class LandAdapter:
    """Asks the land register; `SourceAdapter`.

    The settings' `credentials` hold `api_key`; `options` hold `agency`, the code it was issued to.
    """

    name = SOURCE

    def __init__(self, settings: SourceSettings, *, observe: Observe | None = None) -> None:
        agency = settings.options.get("agency")
        key = settings.credentials.get("api_key")
        if key is None or not isinstance(agency, str) or settings.options.keys() != {"agency"}:
            raise AdapterMisconfigured(f"{SOURCE}: needs credentials.api_key and options.agency")
        self._headers = {
            "Content-Type": JSON,
            "Accept": JSON,
            "X-API-Key": key.get_secret_value(),
            "X-Don-Vi": agency,
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

    def fetch(self, query: Query) -> "CoroutineType[Any, Any, Record]":
        """Answer *query* before its deadline.

        Raises:
            SubjectUnknown: no certificate or parcel, or none of this holder, or none in force.
            SourceError: as the client says.
        """
        if query.service == "datdai.gcn":
            return self._certificates(query)
        if query.service == "datdai.thua":
            return self._parcel(query)
        if query.service == "datdai.xacminhchu":
            return self._holder(query)
        raise QuestionRefused(SOURCE, "service not offered")

    async def aclose(self) -> None:
        """Let go of connections; twice is harmless."""
        await self._client.aclose()

    async def _certificates(self, query: Query) -> Record:
        found: dict[str, Certificate] = {}
        for paper in _papers(query):
            for each in await self._under(paper, query):
                found[each.gcn_id] = each
        live = [each for each in found.values() if each.tinh_trang == "HIEU_LUC"]
        if not live:
            raise SubjectUnknown(SOURCE, "no certificate in force")
        return record(query, certificates(live, _papers(query), query.fields))

    async def _under(self, paper: str, query: Query) -> list[Certificate]:
        """Return the certificates under one number, those of others' cards left out."""
        serial = query.subject.so_phat_hanh
        asked: dict[str, Json] = {"soGiayTo": paper}
        if serial is not None:
            asked["soPhatHanh"] = serial
        found = await self._pages(_CERTIFICATES, asked, query, _CERTIFICATE_PAGE)
        for each in found:
            demand_same(SOURCE, paper, [holder.so_giay_to for holder in each.chu_su_dung])
            if serial is not None and not same_serial(serial, each.so_phat_hanh):
                raise SourceSchemaMismatch(SOURCE, "an answer about another certificate")
        if paper != query.subject.so_cmnd:
            return found
        return [each for each in found if named_on(each, paper, query.subject)]

    async def _parcel(self, query: Query) -> Record:
        subject = query.subject
        if not (subject.ma_xa and subject.so_to and subject.so_thua):
            raise QuestionRefused(SOURCE, "question without commune, sheet or parcel")
        asked: dict[str, Json] = {
            "xaId": subject.ma_xa,
            "soHieuToBanDo": subject.so_to,
            "soThuTuThua": subject.so_thua,
        }
        if subject.ngay_dia_gioi:
            asked["ngayDiaGioi"] = subject.ngay_dia_gioi
        found = await self._pages(_PARCELS, asked, query, _PARCEL_PAGE)
        for each in found:
            demand_parcel(each, subject)
        live = [each for each in found if each.thoi_diem_ket_thuc is None]
        if not live:
            raise SubjectUnknown(SOURCE, "no parcel in force")
        if len(live) > 1:
            raise SourceSchemaMismatch(SOURCE, "several parcels under one number")
        return record(query, parcel(live[0]))

    async def _holder(self, query: Query) -> Record:
        subject = query.subject
        asked: dict[str, Json] = {}
        if subject.so_phat_hanh:
            asked["soPhatHanh"] = subject.so_phat_hanh
        if subject.ma_xa and subject.so_to and subject.so_thua:
            asked |= {
                "xaId": subject.ma_xa,
                "soHieuToBanDo": subject.so_to,
                "soThuTuThua": subject.so_thua,
            }
        verdict = None
        for paper in _papers(query):
            verdict = await self._ask(_HOLDERS, asked | {"soGiayTo": paper}, query, _VERDICT)
            demand_same(SOURCE, paper, (verdict.so_giay_to,))
            if verdict.la_chu_su_dung and paper == query.subject.so_cmnd:
                # A yes about a card is a yes about the person only under the person's name.
                theirs = bool(await self._under(paper, query))
                verdict = (
                    verdict if theirs else replace(verdict, la_chu_su_dung=False, vai_tro=None)
                )
            if verdict.la_chu_su_dung:
                break
        if verdict is None:
            raise QuestionRefused(SOURCE, "question without a number")
        told = Record(
            values={"khop": verdict.la_chu_su_dung, "vai_tro": verdict.vai_tro},
            as_of=instant_of(SOURCE, verdict.thoi_diem_cap_nhat),
            match=Match.EXACT if verdict.la_chu_su_dung else Match.NONE,
        )
        return record(query, told)

    async def _pages(
        self,
        path: str,
        asked: dict[str, Json],
        query: Query,
        read: Callable[[SourceReply], Page[Shape]],
    ) -> list[Shape]:
        """Return the items of every page; more pages than agreed are no answer."""
        items: list[Shape] = []
        for number in range(1, _PAGES + 1):
            asked |= {"trang": number, "kichThuoc": _PAGE}
            page = await self._ask(path, asked, query, read)
            items += page.du_lieu
            if len(items) >= page.tong_so:
                return items
            if not page.du_lieu:
                break
        raise SourceSchemaMismatch(SOURCE, "pages that do not add up")

    def _ask(
        self,
        path: str,
        asked: dict[str, Json],
        query: Query,
        read: Callable[[SourceReply], Shape],
    ) -> "CoroutineType[Any, Any, Shape]":
        question = Question(
            path=path,
            headers=self._headers,
            body=_ENCODER.encode(asked),
            trace=trace_headers(query.exchange_id, query.traceparent),
        )
        return self._client.ask(question, read, deadline=query.deadline)


def _papers(query: Query) -> list[str]:
    """Return the numbers a holder may be held under, the present one first."""
    papers = [each for each in (query.subject.so_dinh_danh, query.subject.so_cmnd) if each]
    if not papers:
        raise QuestionRefused(SOURCE, "question without a number")
    return papers


_: type[SourceAdapter] = LandAdapter
