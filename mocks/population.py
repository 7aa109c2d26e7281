"""The population register: SOAP 1.1, behind each question a mapped procedure and an officer."""

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Callable
from datetime import date
from typing import TypeAlias
from xml.sax.saxutils import escape

import msgspec

from mocks.clock import local_now
from mocks.communes import same_place
from mocks.config import Population
from mocks.people import TODAY, name_key
from mocks.population_records import Kept, find
from mocks.soap import CALLER, XML, Contract, NotSoap, answer, fault
from mocks.wire import Reply, Request, Running, json

PATH = "/dancu/1.0"
STRANGERS = ("003098000303", "003088000451")  # p03, or p02 when p03 is asked about

Asked: TypeAlias = dict[str, str]  # element names of the request to their text


def _yes(person: Kept | None, *, so: bool) -> str:
    return f"<bca:KetQua>{int(person is not None and so)}</bca:KetQua>"


def _verify(person: Kept | None, _: Asked) -> str:
    return _yes(person, so=True)


def _relative(person: Kept | None, asked: Asked) -> str:
    found = person and person.kin.get(asked["SoDinhDanhLienQuan"])
    return _yes(person, so=found == asked["QuanHe"])


def _guardian(person: Kept | None, asked: Asked) -> str:
    return _yes(person, so=person is not None and person.acting == asked["SoDinhDanhLienQuan"])


def _head(person: Kept | None, asked: Asked) -> str:
    return _yes(person, so=person is not None and person.head == asked["SoDinhDanhLienQuan"])


def _residence(person: Kept | None, asked: Asked) -> str:
    if person is None:
        return _yes(None, so=False)
    day = date.fromisoformat(asked["NgayDiaGioi"].strip()) if "NgayDiaGioi" in asked else TODAY
    so = same_place(person.commune, person.commune_is_old, asked["MaPhuongXa"], day)
    return _yes(person, so=so)


def _marriage(person: Kept | None, _: Asked) -> str:
    if person is None:
        return ""
    return f"<bca:TinhTrangHonNhan>{person.marital}</bca:TinhTrangHonNhan>{person.spouse}"


def _living(person: Kept | None, _: Asked) -> str:
    if person is None:
        return ""
    since = f"<bca:TuNgay>{person.since}</bca:TuNgay>" if person.since else ""
    return f"<bca:TinhTrangSong>{person.living}</bca:TinhTrangSong>{since}"


def _citizen(person: Kept | None, asked: Asked) -> str:
    if person is None:
        return ""
    wanted = asked.get("TruongThongTin", "").split() or person.fields
    pieces = "".join(piece for name, piece in person.fields.items() if name in wanted)
    return (
        f"<dc:CongdanCollection><dc:CongDan><dc:SoDinhDanh>{person.number}</dc:SoDinhDanh>{pieces}"
        f"<dc:DienChuThe>{person.standing}</dc:DienChuThe>"
        f"<dc:ThoiDiemCapNhat>{person.updated}</dc:ThoiDiemCapNhat></dc:CongDan></dc:CongdanCollection>"
    )


def _household(person: Kept | None, _: Asked) -> str:
    return person.household if person else ""


def _blood(person: Kept | None, _: Asked) -> str:
    return f"<bca:NhomMau>{person.blood}</bca:NhomMau>" if person else ""


OPERATIONS: dict[str, tuple[str, Callable[[Kept | None, Asked], str]]] = {
    "XacThucThongTinCongDan": ("001", _verify),
    "XacMinhThongTinNhanThan": ("002", _relative),
    "XacMinhThongTinNguoiGiamHo": ("003", _guardian),
    "XacMinhThongTinChuHo": ("004", _head),
    "XacMinhThongTinNoiOHienTai": ("005", _residence),
    "XacMinhTinhTrangHonNhan": ("006", _marriage),
    "XacMinhTinhTrangChetMatTich": ("007", _living),
    "TraCuuThongTinCongDan": ("037", _citizen),
    "CungCapThongTinCongDan": ("038", _citizen),
    "CungCapThongTinHoGiaDinh": ("039", _household),
    "CungCapThongTinNhomMau": ("040", _blood),
}
NAMES_A_PERSON = frozenset({"037", "038", "039"})  # answers in which somebody else shows
_NOT_OPEN_TEXT = """
    CungCapDanhSachTheoDiaPhuong CungCapDanhSachTheoDoTuoi CungCapDanhSachTheoNhomMau
    CungCapDanhSachTheoGioiTinh CungCapDanhSachTheoDanToc CungCapDanhSachTheoTonGiao
    GetRequests GetRequestStatus GetRequestResult GetResultDetailAsRecords
    GetResultDetailAsFile GetRequestDetail GetRequestHistory DeleteRequest
"""
NOT_OPEN = frozenset(_NOT_OPEN_TEXT.split())
_TEXTS = {
    "MAU_SAI": "Yêu cầu không đúng mẫu",
    "CAN_BO": "Tài khoản cán bộ không hợp lệ",
    "DVC": "Mã dịch vụ công chưa được ánh xạ",
    "TICH_HOP": "Mã tích hợp không đúng",
    "KHONG_MO": "Dịch vụ không được mở",
    "BAN": "Hệ thống bận",
    "HE_THONG": "Lỗi hệ thống",
}


class PopulationRegister:
    """Answers one SOAP question from the store."""

    name = "population"
    plain: frozenset[str] = frozenset()
    drift = (
        (b"bca:MaKetQua>", b"bca:KetQuaXuLy>"),
        (b"dc:HoVaTen>", b"dc:TenDayDu>"),
        (b"dc:CongdanCollection>", b"dc:DanhSach>"),
    )

    def __init__(self, store: sqlite3.Connection, config: Population) -> None:
        self._store = store
        self._config = config
        self._contract = Contract()
        self._running = Running("dc")
        self._hashes = {
            account: hashlib.sha256(f"{account}:{officer.secret}".encode()).hexdigest()
            for account, officer in config.officers.items()
            if officer.so_dinh_danh  # an officer without a personal number is nobody
        }

    def answer(self, request: Request, *, stranger: bool = False) -> Reply:
        """Answer *request*, from the bus inwards: token, path, envelope, mapping, person."""
        if request.path != PATH:
            return self._bus(404, "Not Found")
        if request.method == "GET" and request.query.lower() == "wsdl":
            return Reply(200, self._contract.text, XML)
        if request.method != "POST":
            return self._bus(405, "Method Not Allowed")
        refused = self._stranger_to_the_bus(request.headers)
        return refused or self._soap(request, stranger=stranger)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def failure(self, status: int) -> Reply:
        """Return a busy bus (503) or a failing register (500)."""
        if status == 503:  # noqa: PLR2004 - Service Unavailable
            return self._bus(503, "Service Unavailable", ("Retry-After", "1"))
        return Reply(500, fault("HE_THONG", _TEXTS["HE_THONG"], "", ours=True), XML)

    def _bus(self, status: int, text: str, *headers: tuple[str, str]) -> Reply:
        told = {
            "code": status,
            "status": text,
            "correlationId": self._running.next(),
            "response": None,
        }
        return Reply(status, json(told), headers=headers)

    def _stranger_to_the_bus(self, headers: dict[str, str]) -> Reply | None:
        bearer = headers.get("authorization", "")
        if not hmac.compare_digest(bearer.encode(), f"Bearer {self._config.token}".encode()):
            return self._bus(401, "Unauthorized")
        try:
            access = msgspec.json.decode(
                base64.b64decode(headers.get("lgspaccesstoken", "")), type=dict[str, str]
            )
        except ValueError:  # no base64, or no JSON object of texts inside
            return self._bus(401, "Unauthorized")
        known = (self._config.access_key, self._config.secret_key)
        given = (access.get("AccessKey", ""), access.get("SecretKey", ""))
        named = all(access.get(part) for part in ("AppName", "PartnerCode", "PartnerCodeCus"))
        return None if given == known and named else self._bus(403, "Forbidden")

    def _soap(self, request: Request, *, stranger: bool) -> Reply:
        try:
            message = self._contract.read(request.body)
        except NotSoap:
            return self._fault("MAU_SAI", "", "")
        operation, asked = message.operation, message.asked
        request_id = asked.get("MaYeuCau", "")[:64]
        if operation in NOT_OPEN:
            return self._fault("KHONG_MO", request_id, operation)
        action = request.headers.get("soapaction", "").strip('"')
        if not message.agreed or action not in {"", f"{CALLER}/{operation}"}:
            return self._fault("MAU_SAI", request_id, "")
        refused = self._unmapped(operation, asked)
        if refused:
            return self._fault(refused, request_id, operation)
        return self._person(operation, asked, stranger=stranger)

    def _unmapped(self, operation: str, asked: Asked) -> str | None:
        """Return why the call is refused before anybody is looked for."""
        if asked["MaTichHop"] != OPERATIONS[operation][0]:
            return "TICH_HOP"
        if self._hashes.get(asked["MaCanBo"]) != asked["MaBamCanBo"]:
            return "CAN_BO"
        return None if asked["MaDVC"] in self._config.procedures else "DVC"

    def _fault(self, code: str, request_id: str, operation: str) -> Reply:
        return Reply(
            500,
            fault(code, _TEXTS[code], request_id),
            XML,
            operation=operation,
            request_id=request_id,
        )

    def _person(self, operation: str, asked: Asked, *, stranger: bool) -> Reply:
        integration, render = OPERATIONS[operation]
        number = asked.get("SoDinhDanh") or asked["SoCMND"]
        person = self._matching(number, asked)
        request_id = asked["MaYeuCau"]
        if stranger and integration in NAMES_A_PERSON:
            person = find(self._store, STRANGERS[number == STRANGERS[0]])
        elif stranger:
            request_id = f"KHAC-{request_id}"[:64]
        replaced = (
            person is not None
            and not stranger
            and "SoDinhDanh" in asked
            and person.number != number
        )
        inside = self._reply_head(request_id, person, replaced=replaced) + render(person, asked)
        return Reply(
            200, answer(operation, inside), XML, operation=operation, request_id=asked["MaYeuCau"]
        )

    def _matching(self, number: str, asked: Asked) -> Kept | None:
        """Return the person as asked in number, name and birth date; never say which differed."""
        person = find(self._store, number)
        if person is None or person.name != name_key(asked["HoVaTen"]):
            return None
        return person if asked["NgayThangNamSinh"].startswith(person.born) else None

    def _reply_head(self, request_id: str, person: Kept | None, *, replaced: bool) -> str:
        result, text = ("00", "Thành công") if person else ("01", "Không có thông tin phù hợp")
        current = (
            f"<bca:SoDinhDanhHienTai>{person.number}</bca:SoDinhDanhHienTai>"
            if person and replaced
            else ""
        )
        standing = f"<bca:DienChuThe>{person.standing}</bca:DienChuThe>" if person else ""
        return (
            f"<bca:MaYeuCau>{escape(request_id)}</bca:MaYeuCau><bca:MaGiaoDich>{self._running.next()}</bca:MaGiaoDich>"
            f"<bca:MaKetQua>{result}</bca:MaKetQua><bca:ThongBao>{text}</bca:ThongBao>"
            f"<bca:ThoiDiem>{local_now()}</bca:ThoiDiem>{current}{standing}"
        )
