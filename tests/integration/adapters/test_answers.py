"""Answers that no honest register gives, and what becomes of them."""

import asyncio
from collections.abc import Mapping

import msgspec
import pytest

from adapters.client import QuestionRefused
from adapters.errors import SourceError, SourceMalformed, SourceSchemaMismatch, SubjectUnknown
from adapters.protocol import Record, Subject
from tests.connectors import a_query, an_adapter, subject_of
from tests.hostile import Behaviour, framed, hostile, question

ANH = subject_of("p01")
PARCEL: Mapping[str, object] = {
    "thuaId": "td-1", "xaId": "99003", "xaIdCu": "99012", "soHieuToBanDo": "12",
    "soThuTuThua": "207", "soHieuToBanDoCu": "7", "soThuTuThuaCu": "96", "dienTich": 126.5,
    "mucDich": "ODT", "thoiHan": "LAU_DAI", "nguonGoc": "NCN", "diaChi": "Số 12",
    "thoiDiemBatDau": "2025-09-12", "thoiDiemKetThuc": None,
    "thoiDiemCapNhat": "2026-03-09T00:00:00+07:00",
}  # fmt: skip
HOLDER = {"hoTen": "Nguyễn Thị Ánh", "namSinh": 1990, "soGiayTo": "003190000123",
          "vaiTro": "CHU_SU_DUNG"}  # fmt: skip
CERTIFICATE: Mapping[str, object] = {
    "gcnId": "g-1", "soPhatHanh": "AA 1", "soVaoSo": "CN 1", "soVaoSoCu": None,
    "ngayCap": "2025-09-12", "tinhTrang": "HIEU_LUC", "chuSuDung": [HOLDER],
    "thuaDat": [PARCEL], "hanChe": [], "thoiDiemCapNhat": "2026-03-09T00:00:00+07:00",
}  # fmt: skip
TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 300}
CARD: Mapping[str, object] = {
    "maSoBhxh": "0301900123", "soDinhDanh": "003190000123", "hoTen": "Nguyễn Thị Ánh",
    "ngayCapNhat": "01/11/2026", "soTheBhyt": "0301900123", "kieuSoThe": "MOI_10",
    "ngayCap": "20/12/2025", "noiKcbBanDau": {"ma": "99001", "ten": "Bệnh viện"},
    "tuNgay": "01/01/2026", "denNgay": "31/12/2026", "ngayDu5Nam": None, "mucHuong": 4,
    "trangThai": 1,
}  # fmt: skip


def page(*items: object, total: int | None = None) -> object:
    """Return a page of a search."""
    whole = len(items) if total is None else total
    return {"trang": 1, "kichThuoc": 100, "tongSo": whole, "duLieu": list(items)}


def answering(*bodies: object) -> Behaviour:
    """Answer each question with the next of *bodies*, the last one again and again."""
    turn = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        while True:
            await question(reader)
            body, turn = bodies[min(turn, len(bodies) - 1)], turn + 1
            writer.write(framed(msgspec.json.encode(body)))

    return behave


async def heard(
    name: str, service: str, subject: Subject, *bodies: object, fields: tuple[str, ...]
) -> Record:
    """Return what becomes of *bodies*."""
    async with hostile(answering(*bodies)) as server:
        adapter = an_adapter(name, server.url)
        await adapter.open()
        try:
            return await adapter.fetch(a_query(service, subject, *fields))
        finally:
            await adapter.aclose()


def changed(whole: Mapping[str, object], **members: object) -> dict[str, object]:
    """Return *whole* with other members."""
    return {**whole, **members}


async def test_pages_are_read_to_the_last() -> None:
    """The second page is part of the answer."""
    pages = [page(changed(CERTIFICATE, gcnId=f"g-{n}"), total=3) for n in range(3)]

    record = await heard("land", "datdai.gcn", ANH, *pages, fields=("thua_dat",))

    assert 3 == len(record.values["thua_dat"])


LAND: dict[str, tuple[object, type[SourceError]]] = {
    "pages for ever": (page(CERTIFICATE, total=10_000), SourceSchemaMismatch),
    "a page that is empty and yet not the last": (page(total=3), SourceSchemaMismatch),
    "somebody else's": (
        page(changed(CERTIFICATE, chuSuDung=[changed(HOLDER, soGiayTo="003190000124")])),
        SourceSchemaMismatch,
    ),
    "nobody's": (page(changed(CERTIFICATE, chuSuDung=[])), SourceSchemaMismatch),
    "a revoked one": (page(changed(CERTIFICATE, tinhTrang="DA_THU_HOI")), SubjectUnknown),
    "an area in words": (
        page(changed(CERTIFICATE, thuaDat=[changed(PARCEL, dienTich="126,5")])),
        SourceSchemaMismatch,
    ),
    "another state": (page(changed(CERTIFICATE, tinhTrang="KHAC")), SourceSchemaMismatch),
    "a list": ([], SourceMalformed),
}


@pytest.mark.parametrize(("body", "error"), LAND.values(), ids=list(LAND))
async def test_a_certificate_that_is_none(body: object, error: type[SourceError]) -> None:
    """Each has its name, and none becomes a record."""
    with pytest.raises(error):
        await heard("land", "datdai.gcn", ANH, body, fields=("thua_dat",))


async def test_another_serial_is_another_certificate() -> None:
    """One holder may have several; the one asked for is meant."""
    subject = msgspec.structs.replace(ANH, so_phat_hanh="AA 2")

    with pytest.raises(SourceSchemaMismatch, match="another certificate"):
        await heard("land", "datdai.gcn", subject, page(CERTIFICATE), fields=("thua_dat",))


@pytest.mark.parametrize(
    ("commune", "sheet", "number"), [("99003", "12", "207"), ("99012", "7", "96")]
)
async def test_a_parcel_answers_to_its_old_numbers(commune: str, sheet: str, number: str) -> None:
    """Papers carry the numbers of their day."""
    subject = Subject(ma_xa=commune, so_to=sheet, so_thua=number)

    record = await heard("land", "datdai.thua", subject, page(PARCEL), fields=("dien_tich",))

    assert {"dien_tich": 126.5} == record.values


PARCELS: dict[str, tuple[object, type[SourceError]]] = {
    "another sheet": (page(changed(PARCEL, soHieuToBanDo="13", soHieuToBanDoCu=None)),
                      SourceSchemaMismatch),
    "another commune": (page(changed(PARCEL, xaId="99005", xaIdCu=None)), SourceSchemaMismatch),
    "two at once": (page(PARCEL, changed(PARCEL, thuaId="td-2")), SourceSchemaMismatch),
    "one that has ended": (page(changed(PARCEL, thoiDiemKetThuc="2026-01-01")), SubjectUnknown),
}  # fmt: skip


@pytest.mark.parametrize(("body", "error"), PARCELS.values(), ids=list(PARCELS))
async def test_a_parcel_that_is_another(body: object, error: type[SourceError]) -> None:
    """Land is mistaken as easily as people."""
    subject = Subject(ma_xa="99003", so_to="12", so_thua="207")

    with pytest.raises(error):
        await heard("land", "datdai.thua", subject, body, fields=("dien_tich",))


async def test_a_verdict_about_another_number_is_none() -> None:
    """Yes and no carry the number they are about."""
    verdict = {
        "soGiayTo": "003190000124",
        "laChuSuDung": True,
        "vaiTro": "CHU_SU_DUNG",
        "thoiDiemCapNhat": "2026-03-09T00:00:00+07:00",
    }

    with pytest.raises(SourceSchemaMismatch, match="somebody else"):
        await heard("land", "datdai.xacminhchu", ANH, verdict, fields=("khop",))


def envelope(response: object, code: int = 200) -> object:
    """Return the fund's envelope."""
    return {"code": code, "status": "X", "correlationId": "bh-1", "response": response}


FUND: dict[str, tuple[object, type[SourceError]]] = {
    "somebody else": (envelope(changed(CARD, soDinhDanh="003190000124")), SourceSchemaMismatch),
    "nobody in particular": (envelope(changed(CARD, soDinhDanh=None)), SourceSchemaMismatch),
    "nothing found": (envelope(None, 404), SubjectUnknown),
    "nothing, and called found": (envelope(None, 200), SourceSchemaMismatch),
    "a card, and called not found": (envelope(CARD, 404), SourceSchemaMismatch),
    "a day that is none": (envelope(changed(CARD, tuNgay="31/02/2026")), SourceSchemaMismatch),
    "a month for a day": (envelope(changed(CARD, tuNgay="02/2026")), SourceSchemaMismatch),
    "a state nobody agreed on": (envelope(changed(CARD, trangThai=9)), SourceSchemaMismatch),
}


@pytest.mark.parametrize(("body", "error"), FUND.values(), ids=list(FUND))
async def test_a_card_that_is_none(body: object, error: type[SourceError]) -> None:
    """A success that is none inside is the fund's favourite."""
    with pytest.raises(error):
        await heard("insurance", "baohiem.the", ANH, TOKEN, body, fields=("tu_ngay",))


@pytest.mark.parametrize(
    "token",
    [
        {"access_token": "a\r\nX: y", "token_type": "Bearer", "expires_in": 300},
        {"access_token": "", "token_type": "Bearer", "expires_in": 300},
        {"access_token": "t", "token_type": "mac", "expires_in": 300},
        {"access_token": "t", "token_type": "Bearer"},
    ],
)
async def test_a_token_that_is_none(token: object) -> None:
    """It ends up in a header of ours."""
    with pytest.raises(SourceSchemaMismatch):
        await heard("insurance", "baohiem.the", ANH, token, fields=("tu_ngay",))


MARRIAGE: Mapping[str, object] = {
    "soTraCuu": "ht-1", "soKetHon": "12/2014", "quyenSo": "1", "ngayDangKy": "2014-11-08",
    "noiDangKy": {"maXa": "99012", "tenXa": "Phường"}, "tinhTrang": "HIEU_LUC",
    "vo": {"hoTen": "Nguyễn Thị Ánh", "ngaySinh": "1990-02-01", "soDinhDanh": "003190000123"},
    "chong": {"hoTen": "Trần Quốc Huy", "ngaySinh": "1988", "soDinhDanh": None},
    "thoiDiemCapNhat": "2025-10-02T00:00:00+07:00",
}  # fmt: skip


async def test_a_spouse_without_a_number_is_still_the_spouse() -> None:
    """Foreigners and the long dead have none."""
    record = await heard("civil", "hotich.kethon", ANH, MARRIAGE, fields=("vo_chong",))

    assert {"vo_chong": {"ho_ten": "Trần Quốc Huy"}} == record.values


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(changed(MARRIAGE, vo=MARRIAGE["chong"]), id="two other people"),
        pytest.param(changed(MARRIAGE, ngayDangKy="08/11/2014"), id="another way of dates"),
        pytest.param(changed(MARRIAGE, tinhTrang="CON"), id="another state"),
    ],
)
async def test_a_marriage_that_is_none(body: object) -> None:
    """Nobody is married by mistake."""
    with pytest.raises(SourceSchemaMismatch):
        await heard("civil", "hotich.kethon", ANH, body, fields=("vo_chong",))


@pytest.mark.parametrize("name", ["population", "insurance", "civil"])
@pytest.mark.parametrize(
    "subject",
    [Subject(), Subject(ho_ten="Ánh", ngay_sinh="1990-02-01")],
    ids=["nothing", "no number"],
)
async def test_a_question_about_nobody_is_not_put(name: str, subject: Subject) -> None:
    """A register's refusal would cost a call and count against us."""
    service = {"population": "dancu.xacthuc", "insurance": "baohiem.the", "civil": "hotich.kethon"}

    with pytest.raises(QuestionRefused):
        await heard(name, service[name], subject, {}, fields=("khop",))
