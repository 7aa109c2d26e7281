"""The civil status register: births, deaths, marriages; HTTP Basic, plain JSON, honest 404s."""

import sqlite3
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from mocks.config import Civil
from mocks.people import Kin, name_key
from mocks.province import Province
from mocks.records import BirthRecord, DeathRecord, Entry, MarriageRecord
from mocks.wire import Reply, Request, Running, basic, json

BIRTH, DEATH, MARRIAGE = "/hotich/v1/khai-sinh", "/hotich/v1/khai-tu", "/hotich/v1/ket-hon"
_TABLES = {BIRTH: "birth", DEATH: "death", MARRIAGE: "marriage"}
_OPERATIONS = {BIRTH: "khaiSinh", DEATH: "khaiTu", MARRIAGE: "ketHon"}


class AskRecord(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """HoiNguoi of the contract."""

    so_dinh_danh: Annotated[str, Meta(pattern="^[0-9]{12}$")]
    ho_ten: Annotated[str, Meta(min_length=1, max_length=120)]
    ngay_sinh: Annotated[str, Meta(pattern="^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] | None = None


def fill(connection: sqlite3.Connection, province: Province) -> None:
    """Write the three books; a marriage stands under each spouse who has a number."""
    books: dict[str, Iterable[tuple[Kin, dict[str, object]]]] = {
        "birth": ((one.child, _birth(one)) for one in province.births),
        "death": ((one.dead, _death(one)) for one in province.deaths),
        "marriage": (
            (spouse, _marriage(one))
            for one in province.marriages
            for spouse in (one.wife, one.husband)
        ),
    }
    for table, rows in books.items():
        columns = "number TEXT PRIMARY KEY, name TEXT, born TEXT, doc BLOB"
        connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)", _rows(rows))


def _rows(rows: Iterable[tuple[Kin, dict[str, object]]]) -> Iterable[tuple[object, ...]]:
    for whom, record in rows:
        if whom.number is not None:
            # The leading brace is left out: each answer starts with its own number.
            yield whom.number, name_key(str(whom.name)), whom.born.iso(), json(record)[1:]


def _entry(kind: str, entry: Entry) -> dict[str, object]:
    return {
        kind: entry.number,
        "quyenSo": entry.book,
        "ngayDangKy": entry.day.isoformat(),
        "noiDangKy": {"maXa": entry.commune.code, "tenXa": entry.commune.name},
    }


def _kin(kin: Kin | None) -> dict[str, object] | None:
    if kin is None:
        return None
    return {"hoTen": str(kin.name), "ngaySinh": kin.born.iso(), "soDinhDanh": kin.number}


def _birth(one: BirthRecord) -> dict[str, object]:
    return {
        **_entry("soKhaiSinh", one.entry),
        "nguoiDuocKhaiSinh": _kin(one.child),
        "cha": _kin(one.father),
        "me": _kin(one.mother),
        "thoiDiemCapNhat": f"{one.updated.isoformat()}T00:00:00+07:00",
    }


def _death(one: DeathRecord) -> dict[str, object]:
    return {
        **_entry("soKhaiTu", one.entry),
        "nguoiChet": _kin(one.dead),
        "ngayMat": one.day.isoformat(),
        "nguyenNhan": one.cause,
        "thoiDiemCapNhat": f"{one.updated.isoformat()}T00:00:00+07:00",
    }


def _marriage(one: MarriageRecord) -> dict[str, object]:
    return {
        **_entry("soKetHon", one.entry),
        "vo": _kin(one.wife),
        "chong": _kin(one.husband),
        "tinhTrang": one.state,
        "thoiDiemCapNhat": f"{one.updated.isoformat()}T00:00:00+07:00",
    }


class CivilRegister:
    """Answers one question from the books."""

    name = "civil"
    plain: frozenset[str] = frozenset()
    drift = ((b'"ngayDangKy":', b'"ngay_dang_ky":'), (b'"error":{', b'"loi":{'))

    def __init__(self, store: sqlite3.Connection, config: Civil) -> None:
        self._store = store
        self._config = config
        self._running = Running("ht")

    def answer(self, request: Request, *, stranger: bool = False) -> Reply:
        """Answer *request*: path, method, user, body, in that order."""
        if request.path not in _TABLES:
            return self._refuse(404, "DUONG_DAN", "Không có đường dẫn này")
        if request.method != "POST":
            return self._refuse(405, "PHUONG_THUC", "Phương thức không được hỗ trợ")
        given = basic(request.headers)
        if given is None or self._config.users.get(given[0]) != given[1]:
            return self._refuse(
                401,
                "DANG_NHAP",
                "Sai tên hoặc mật khẩu",
                ("WWW-Authenticate", 'Basic realm="hotich"'),
            )
        try:
            asked = msgspec.json.decode(request.body, type=AskRecord)
        except msgspec.DecodeError:
            return self._refuse(400, "YEU_CAU", "Yêu cầu không đúng mẫu")
        return self._found(request.path, asked, stranger=stranger)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def failure(self, status: int) -> Reply:
        """Return a busy (503) or failing (500) register."""
        if status == 503:  # noqa: PLR2004 - Service Unavailable
            return self._refuse(503, "BAN", "Hệ thống bận", ("Retry-After", "1"))
        return self._refuse(500, "HE_THONG", "Lỗi hệ thống")

    def _refuse(
        self, status: int, code: str, text: str, *headers: tuple[str, str], operation: str = ""
    ) -> Reply:
        trace = self._running.next()
        told = {"error": {"code": code, "message": text}, "soTraCuu": trace}
        return Reply(status, json(told), headers=headers, operation=operation, request_id=trace)

    def _found(self, path: str, asked: AskRecord, *, stranger: bool) -> Reply:
        how = "number <> ? ORDER BY number" if stranger else "number = ?"
        sql = f"SELECT doc, name, born FROM {_TABLES[path]} WHERE {how} LIMIT 1"
        row = self._store.execute(sql, (asked.so_dinh_danh,)).fetchone()
        operation = _OPERATIONS[path]
        if row is None or not (stranger or _same(asked, row[1], row[2])):
            return self._refuse(404, "KHONG_CO", "Không có bản ghi", operation=operation)
        trace = self._running.next()
        body = f'{{"soTraCuu":"{trace}",'.encode() + row[0]
        return Reply(200, body, operation=operation, request_id=trace)


def _same(asked: AskRecord, name: str, born: str) -> bool:
    """Tell whether name, and birth date when given, agree with what is on record."""
    return name_key(asked.ho_ten) == name and (asked.ngay_sinh or born).startswith(born)
