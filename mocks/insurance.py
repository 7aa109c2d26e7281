"""The insurance fund: a token first, then JSON in an envelope; both number schemes."""

import secrets
import sqlite3
import time
from collections.abc import Iterable
from typing import Annotated, Literal
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta, Struct

from mocks.careers import Career, Spell
from mocks.config import Insurance
from mocks.people import name_key
from mocks.province import Province
from mocks.wire import Reply, Request, Running, basic, json

TOKEN = "/token"  # noqa: S105 - a path
CARD, HISTORY, BENEFITS = "/bhxh/v2/the-bhyt", "/bhxh/v2/qua-trinh", "/bhxh/v2/dang-huong"
_COLUMNS = {CARD: "card", HISTORY: "history", BENEFITS: "receiving"}
_OPERATIONS = {CARD: "traCuuTheBhyt", HISTORY: "traCuuQuaTrinh", BENEFITS: "traCuuDangHuong"}
_BORN = r"^(([0-9]{2}/)?[0-9]{2}/)?[0-9]{4}$"
_PARTS = {0: 3, 1: 2, 2: 1}  # loaiNgaySinh: full, month and year, year only


class AskPerson(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """HoiNguoi of the contract."""

    ho_ten: Annotated[str, Meta(min_length=1, max_length=120)]
    so_dinh_danh: Annotated[str, Meta(pattern="^[0-9]{12}$")] | None = None
    ma_so_bhxh: Annotated[str, Meta(pattern="^[0-9]{10}$")] | None = None
    ngay_sinh: Annotated[str, Meta(pattern=_BORN)] | None = None
    loai_ngay_sinh: Literal[0, 1, 2] | None = None

    def __post_init__(self) -> None:
        """Refuse both or neither number, and a birth date that is not of its stated kind."""
        if (self.so_dinh_danh is None) == (self.ma_so_bhxh is None):
            raise ValueError("one number")
        if (self.ngay_sinh is None) != (self.loai_ngay_sinh is None):
            raise ValueError("birth date and its kind")
        if self.ngay_sinh and len(self.ngay_sinh.split("/")) != _PARTS[self.loai_ngay_sinh or 0]:
            raise ValueError("birth date of its kind")

    @property
    def born(self) -> str:
        """Return the digits of the birth date, year first; empty when not given."""
        return "".join(reversed((self.ngay_sinh or "").split("/")))


class AskBenefits(AskPerson, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """HoiHuong of the contract."""

    chi_tiet: bool = False


def fill(connection: sqlite3.Connection, province: Province) -> None:
    """Write the participants, each answer as a ready piece of JSON."""
    connection.execute(
        """
        CREATE TABLE participant (
            bhxh TEXT PRIMARY KEY, number TEXT, name TEXT, born TEXT,
            card BLOB, history BLOB, receiving BLOB, benefits BLOB
        )
        """
    )
    connection.execute("CREATE UNIQUE INDEX participant_number ON participant (number)")
    rows = (_row(career) for career in province.careers)
    connection.executemany("INSERT INTO participant VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _row(career: Career) -> tuple[object, ...]:
    about = {
        "maSoBhxh": career.bhxh,
        "soDinhDanh": career.number,
        "hoTen": career.name,
        "ngayCapNhat": _day(career.updated.isoformat()),
    }
    receiving = {**about, "dangHuong": bool(career.benefits)}
    benefits = [
        {"loai": one.kind, "ten": one.label, "tuThang": _month(one.since)}
        for one in career.benefits
    ]
    return (
        career.bhxh,
        career.number,
        name_key(career.name),
        career.born.digits(),
        json({**about, **_card(career)}) if career.card else None,
        json({**about, **_history(career.spells)}),
        json(receiving),
        json({**receiving, "cheDo": benefits}),
    )


def _day(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))


def _month(month: tuple[int, int]) -> str:
    return f"{month[1]:02d}/{month[0]}"


def _card(career: Career) -> dict[str, object]:
    card = career.card
    if card is None:
        return {}
    return {
        "soTheBhyt": card.number,
        "kieuSoThe": "MOI_10" if card.number == career.bhxh else "CU_15",
        "ngayCap": _day(card.issued.isoformat()),
        "noiKcbBanDau": {"ma": card.clinic[0], "ten": card.clinic[1]},
        "tuNgay": _day(card.since.isoformat()),
        "denNgay": _day(card.until.isoformat()),
        "ngayDu5Nam": _day(card.five_years.isoformat()) if card.five_years else None,
        "mucHuong": card.level,
        "trangThai": card.state,
    }


def _history(spells: Iterable[Spell]) -> dict[str, object]:
    listed = [
        {
            "tuThang": _month(spell.since),
            "denThang": _month(spell.until) if spell.until else None,
            "maDonVi": spell.employer[0],
            "tenDonVi": spell.employer[1],
            "loaiHinh": "TU_NGUYEN" if spell.voluntary else "BAT_BUOC",
            "mucDong": spell.salary_vnd,
        }
        for spell in spells
    ]
    return {"tongThoiGianThang": sum(spell.months for spell in spells), "quaTrinh": listed}


class InsuranceRegister:
    """Answers one enveloped question from the store, to whoever holds a live token."""

    name = "insurance"
    plain = frozenset({TOKEN})
    drift = (
        (b'"response":', b'"data":'),
        (b'"code":200', b'"code":"OK"'),
        (b'"code":404', b'"code":"NA"'),
    )

    def __init__(self, store: sqlite3.Connection, config: Insurance) -> None:
        self._store = store
        self._config = config
        self._running = Running("bh")
        self._tokens: dict[str, float] = {}  # token to the monotonic second at which it ends

    def answer(self, request: Request, *, stranger: bool = False) -> Reply:
        """Answer *request*: path, method, token, body, in that order."""
        if request.path not in {TOKEN, *_OPERATIONS}:
            return self._refuse(404, "DUONG_DAN")
        if request.method != "POST":
            return self._refuse(405, "PHUONG_THUC")
        if request.path == TOKEN:
            return self._token(request)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self._tokens.get(token, 0) <= time.monotonic():
            return self._refuse(401, "TOKEN_KHONG_HOP_LE")
        try:
            asked = msgspec.json.decode(
                request.body, type=AskBenefits if request.path == BENEFITS else AskPerson
            )
        except msgspec.DecodeError:
            return self._refuse(400, "THAM_SO")
        return self._found(request.path, asked, stranger=stranger)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def failure(self, status: int) -> Reply:
        """Return a busy (503) or failing (500) fund."""
        if status == 503:  # noqa: PLR2004 - Service Unavailable
            return self._refuse(503, "BAN", ("Retry-After", "1"))
        return self._refuse(500, "HE_THONG")

    def _refuse(self, status: int, text: str, *headers: tuple[str, str]) -> Reply:
        return Reply(
            status, _envelope(status, text, self._running.next(), b"null"), headers=headers
        )

    def _token(self, request: Request) -> Reply:
        """Give a token by client credentials (RFC 6749 section 4.4), errors as in section 5.2."""
        given = basic(request.headers)
        if given is None or self._config.clients.get(given[0]) != given[1]:
            told = {"error": "invalid_client", "error_description": "Ứng dụng không hợp lệ"}
            return Reply(401, json(told), headers=(("WWW-Authenticate", 'Basic realm="bhxh"'),))
        form = parse_qs(request.body.decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            kind = "unsupported_grant_type" if "grant_type" in form else "invalid_request"
            return Reply(400, json({"error": kind, "error_description": "grant_type không hợp lệ"}))
        now, life = time.monotonic(), self._config.token_life_s
        self._tokens = {token: end for token, end in self._tokens.items() if end > now}
        token = secrets.token_urlsafe(32)
        self._tokens[token] = now + life
        body = json({"access_token": token, "token_type": "Bearer", "expires_in": life})
        return Reply(200, body, headers=(("Cache-Control", "no-store"),))

    def _found(self, path: str, asked: AskPerson, *, stranger: bool) -> Reply:
        detailed = isinstance(asked, AskBenefits) and asked.chi_tiet
        column = "benefits" if detailed else _COLUMNS[path]
        row = self._row(column, asked, stranger=stranger)
        trace = self._running.next()
        code, text, inside = (
            (404, "KHONG_TIM_THAY", b"null") if row is None else (200, "THANH_CONG", row)
        )
        body = _envelope(code, text, trace, inside)
        return Reply(200, body, operation=_OPERATIONS[path], request_id=trace)

    def _row(self, column: str, asked: AskPerson, *, stranger: bool) -> bytes | None:
        """Return the ready answer about the person; nothing unless all that was given matches."""
        key, value = (
            ("number", asked.so_dinh_danh) if asked.so_dinh_danh else ("bhxh", asked.ma_so_bhxh)
        )
        how = f"{key} <> ? ORDER BY {key}" if stranger else f"{key} = ?"
        sql = f"SELECT {column}, name, born FROM participant WHERE {how} LIMIT 1"
        row = self._store.execute(sql, (value,)).fetchone()
        if row is None or stranger:
            return row and row[0]
        same = row[1] == name_key(asked.ho_ten) and (
            not asked.born or asked.born.startswith(row[2])
        )
        return row[0] if same else None


def _envelope(code: int, text: str, trace: str, inside: bytes) -> bytes:
    head = f'{{"code":{code},"status":"{text}","correlationId":"{trace}","response":'
    return head.encode() + inside + b"}"
