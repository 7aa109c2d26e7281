"""The land register: paged JSON, keys of its own, numbers as its certificates hold them."""

import sqlite3
from collections.abc import Iterable
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta, Struct

from mocks.communes import REFORM
from mocks.config import Land
from mocks.estates import Certificate, Parcel
from mocks.province import Province
from mocks.wire import Reply, Request, Running, json

CERTIFICATES = "/api/v1/giay-chung-nhan/tim-kiem"
PARCELS = "/api/v1/thua-dat/tim-kiem"
HOLDERS = "/api/v1/chu-su-dung/xac-minh"

Paper = Annotated[str, Meta(pattern=r"^([0-9]{9}|[0-9]{12})$")]
Serial = Annotated[str, Meta(min_length=1, max_length=32)]
Commune = Annotated[str, Meta(pattern=r"^[0-9]{5}$")]
Number = Annotated[str, Meta(min_length=1, max_length=16)]
Page = Annotated[int, Meta(ge=1)]
PageSize = Annotated[int, Meta(ge=1, le=100)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class FindCertificates(
    Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """TimGiayChungNhan of the contract."""

    so_giay_to: Paper
    so_phat_hanh: Serial | None = None
    trang: Page = 1
    kich_thuoc: PageSize = 20


class FindParcels(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """TimThuaDat of the contract."""

    xa_id: Commune
    so_hieu_to_ban_do: Number
    so_thu_tu_thua: Number
    ngay_dia_gioi: Day | None = None
    so_cu: bool = False
    trang: Page = 1
    kich_thuoc: PageSize = 20


class VerifyHolder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """XacMinhChu of the contract."""

    so_giay_to: Paper
    so_phat_hanh: Serial | None = None
    xa_id: Commune | None = None
    so_hieu_to_ban_do: Number | None = None
    so_thu_tu_thua: Number | None = None


def serial_key(serial: str) -> str:
    """Return *serial* as compared: upper case, no blanks."""
    return "".join(serial.split()).upper()


def fill(connection: sqlite3.Connection, province: Province) -> None:
    """Write certificates, holders and parcels, each as a ready piece of JSON."""
    connection.executescript(
        """
        CREATE TABLE certificate (id TEXT PRIMARY KEY, serial TEXT, doc BLOB);
        CREATE TABLE holder (paper TEXT, certificate TEXT, role TEXT, updated TEXT,
                             PRIMARY KEY (paper, certificate)) WITHOUT ROWID;
        CREATE TABLE parcel (
            id TEXT PRIMARY KEY, certificate TEXT, commune TEXT, old_commune TEXT,
            sheet TEXT, number TEXT, old_sheet TEXT, old_number TEXT, doc BLOB
        );
        CREATE INDEX parcel_now ON parcel (commune, sheet, number);
        CREATE INDEX parcel_before ON parcel (old_commune, sheet, number);
        """
    )
    made = province.certificates
    connection.executemany(
        "INSERT INTO certificate VALUES (?, ?, ?)",
        ((one.id, serial_key(one.serial), json(_certificate(one))) for one in made),
    )
    connection.executemany("INSERT OR IGNORE INTO holder VALUES (?, ?, ?, ?)", _holders(made))
    connection.executemany("INSERT INTO parcel VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _parcels(made))


def _holders(certificates: Iterable[Certificate]) -> Iterable[tuple[str, str, str, str]]:
    for one in certificates:
        for held in one.holders:
            if held.paper:
                yield held.paper, one.id, held.role, _instant(one.updated.isoformat())


def _parcels(certificates: Iterable[Certificate]) -> Iterable[tuple[object, ...]]:
    for one in certificates:
        for parcel in one.parcels:
            where = (parcel.commune, parcel.old_commune, parcel.sheet, parcel.number)
            before = (parcel.old_sheet, parcel.old_number)
            yield (parcel.id, one.id, *where, *before, json(_parcel(parcel)))


def _instant(day: str) -> str:
    return f"{day}T00:00:00+07:00"


def _certificate(one: Certificate) -> dict[str, object]:
    return {
        "gcnId": one.id,
        "soPhatHanh": one.serial,
        "soVaoSo": one.register_number,
        "soVaoSoCu": one.old_register_number,
        "ngayCap": one.issued.isoformat(),
        "tinhTrang": "HIEU_LUC",
        "chuSuDung": [
            {
                "hoTen": held.name,
                "namSinh": held.birth_year,
                "soGiayTo": held.paper,
                "vaiTro": held.role,
            }
            for held in one.holders
        ],
        "thuaDat": [_parcel(parcel) for parcel in one.parcels],
        "hanChe": [
            {"loai": limit.kind, "noiDung": limit.text, "tuNgay": limit.since.isoformat()}
            for limit in one.restrictions
        ],
        "thoiDiemCapNhat": _instant(one.updated.isoformat()),
    }


def _parcel(parcel: Parcel) -> dict[str, object]:
    return {
        "thuaId": parcel.id,
        "xaId": parcel.commune,
        "xaIdCu": parcel.old_commune,
        "soHieuToBanDo": parcel.sheet,
        "soThuTuThua": parcel.number,
        "soHieuToBanDoCu": parcel.old_sheet,
        "soThuTuThuaCu": parcel.old_number,
        "dienTich": parcel.area_m2,
        "mucDich": parcel.purpose,
        "thoiHan": parcel.term,
        "nguonGoc": parcel.origin,
        "diaChi": parcel.address,
        "thoiDiemBatDau": parcel.since.isoformat(),
        "thoiDiemKetThuc": None,
        "thoiDiemCapNhat": _instant(parcel.updated.isoformat()),
    }


class _LookUp(Protocol):
    """One of the three look-ups."""

    def __call__(self, body: bytes, *, stranger: bool) -> bytes:
        """Return the answer to *body*."""
        ...


class LandRegister:
    """Answers one JSON question from the store."""

    name = "land"
    plain: frozenset[str] = frozenset()
    drift = (
        (b'"duLieu":', b'"items":'),
        (b'"tongSo":', b'"total":'),
        (b'"laChuSuDung":true', b'"laChuSuDung":"Y"'),
        (b'"laChuSuDung":false', b'"laChuSuDung":"N"'),
    )

    def __init__(self, store: sqlite3.Connection, config: Land) -> None:
        self._store = store
        self._config = config
        self._running = Running("dd")
        self._operations: dict[str, tuple[str, _LookUp]] = {
            CERTIFICATES: ("timGiayChungNhan", self._certificates),
            PARCELS: ("timThuaDat", self._parcels),
            HOLDERS: ("xacMinhChuSuDung", self._verify),
        }

    def answer(self, request: Request, *, stranger: bool = False) -> Reply:
        """Answer *request*: path, method, key, agency, body, in that order."""
        operation, look_up = self._operations.get(request.path, ("", None))
        if look_up is None:
            return self._refuse(404, "DUONG_DAN", "Không có đường dẫn này")
        if request.method != "POST":
            return self._refuse(405, "PHUONG_THUC", "Phương thức không được hỗ trợ")
        agencies = self._config.keys.get(request.headers.get("x-api-key", ""))
        if agencies is None:
            return self._refuse(401, "KHOA", "Khoá truy cập không hợp lệ")
        if request.headers.get("x-don-vi") not in agencies:
            return self._refuse(403, "DON_VI", "Đơn vị không được phép")
        try:
            body = look_up(request.body, stranger=stranger)
        except msgspec.DecodeError:
            return self._refuse(400, "THAM_SO", "Tham số không hợp lệ")
        trace = self._running.next()
        return Reply(
            200, body, headers=(("X-Ma-Truy-Vet", trace),), operation=operation, request_id=trace
        )

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def failure(self, status: int) -> Reply:
        """Return a busy (503) or failing (500) register."""
        if status == 503:  # noqa: PLR2004 - Service Unavailable
            return self._refuse(503, "BAN", "Hệ thống bận", ("Retry-After", "1"))
        return self._refuse(500, "HE_THONG", "Lỗi hệ thống")

    def _refuse(self, status: int, code: str, text: str, *headers: tuple[str, str]) -> Reply:
        trace = self._running.next()
        told = {"maLoi": code, "thongDiep": text, "maTruyVet": trace}
        return Reply(status, json(told), headers=(("X-Ma-Truy-Vet", trace), *headers))

    def _certificates(self, body: bytes, *, stranger: bool) -> bytes:
        asked = msgspec.json.decode(body, type=FindCertificates)
        held = "SELECT doc FROM holder JOIN certificate ON certificate.id = holder.certificate"
        if stranger:
            rows = self._all(f"{held} WHERE paper <> ? ORDER BY paper LIMIT 1", asked.so_giay_to)
        elif asked.so_phat_hanh is None:
            rows = self._all(f"{held} WHERE paper = ? ORDER BY certificate", asked.so_giay_to)
        else:
            key = serial_key(asked.so_phat_hanh)
            rows = self._all(f"{held} WHERE paper = ? AND serial = ?", asked.so_giay_to, key)
        return _page(rows, asked.trang, asked.kich_thuoc)

    def _parcels(self, body: bytes, *, stranger: bool) -> bytes:
        asked = msgspec.json.decode(body, type=FindParcels)
        before = asked.ngay_dia_gioi is not None and asked.ngay_dia_gioi < REFORM.isoformat()
        commune = "old_commune" if before else "commune"
        sheet, number = ("old_sheet", "old_number") if asked.so_cu else ("sheet", "number")
        where = f"{commune} = ? AND {sheet} = ? AND {number} = ?"
        # A stranger's parcel lies on another sheet: that much an attentive caller can see.
        choice = f"{sheet} <> ?2 LIMIT 1" if stranger else f"{where} ORDER BY id"
        terms = (asked.xa_id, asked.so_hieu_to_ban_do, asked.so_thu_tu_thua)
        if stranger:
            choice = f"?1 <> '' AND ?3 <> '' AND {choice}"
        rows = self._all(f"SELECT doc FROM parcel WHERE {choice}", *terms)
        return _page(rows, asked.trang, asked.kich_thuoc)

    def _verify(self, body: bytes, *, stranger: bool) -> bytes:
        asked = msgspec.json.decode(body, type=VerifyHolder)
        place = (asked.xa_id, asked.so_hieu_to_ban_do, asked.so_thu_tu_thua)
        if any(place) and not all(place):
            raise msgspec.ValidationError
        held = "SELECT role, holder.updated FROM holder"
        terms: list[str] = [asked.so_giay_to]
        where = ["paper = ?"]
        if asked.so_phat_hanh is not None:
            held += " JOIN certificate ON certificate.id = holder.certificate"
            where.append("serial = ?")
            terms.append(serial_key(asked.so_phat_hanh))
        if asked.xa_id is not None:
            held += " JOIN parcel ON parcel.certificate = holder.certificate"
            where.append("commune = ? AND sheet = ? AND number = ?")
            terms.extend(part for part in place if part)
        clause = " AND ".join(where)
        row = self._store.execute(
            f"{held} WHERE {clause} ORDER BY holder.certificate", terms
        ).fetchone()
        number = "003000000000" if stranger else asked.so_giay_to
        return _verdict(number, row)

    def _all(self, sql: str, *terms: str) -> list[bytes]:
        return [row[0] for row in self._store.execute(sql, terms)]


def _verdict(number: str, row: tuple[str, str] | None) -> bytes:
    role, updated = row or (None, _instant("2026-11-01"))
    return json(
        {
            "soGiayTo": number,
            "laChuSuDung": role is not None,
            "vaiTro": role,
            "thoiDiemCapNhat": updated,
        }
    )


def _page(found: list[bytes], page: int, size: int) -> bytes:
    shown = found[(page - 1) * size : page * size]
    head = f'{{"trang":{page},"kichThuoc":{size},"tongSo":{len(found)},"duLieu":['
    return head.encode() + b",".join(shown) + b"]}"
