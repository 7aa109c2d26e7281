"""The civil status register over a real socket, against its OpenAPI document."""

import pytest

from mocks.civil import BIRTH, DEATH, MARRIAGE
from tests.registers import answers, ask, questions

AUTH = ("motlan", "hotich-demo")
ANH = {"soDinhDanh": "003190000123", "hoTen": "NGUYỄN THỊ ÁNH", "ngaySinh": "1990-02-01"}
NGHIA = {"soDinhDanh": "003061001212", "hoTen": "Trương Văn Nghĩa"}
HANH = {"soDinhDanh": "003164001313", "hoTen": "Lý Thị Hạnh"}
LAN = {"soDinhDanh": "003182001414", "hoTen": "Đinh Thị Lan"}
NEWBORN = {"soDinhDanh": "003226002020", "hoTen": "Phan Gia Bảo", "ngaySinh": "2026-11-10"}


@pytest.mark.parametrize(
    ("path", "question", "member", "value"),
    [
        pytest.param(BIRTH, ANH, "soKhaiSinh", "41/1990", id="birth"),
        pytest.param(BIRTH, NEWBORN, "ngayDangKy", "2026-11-16", id="newborn"),
        pytest.param(DEATH, NGHIA, "ngayMat", "2026-03-18", id="death"),
        pytest.param(MARRIAGE, ANH, "tinhTrang", "HIEU_LUC", id="marriage"),
        pytest.param(MARRIAGE, HANH, "tinhTrang", "MOT_BEN_MAT", id="widowed"),
        pytest.param(MARRIAGE, LAN, "tinhTrang", "LY_HON", id="divorced"),
    ],
)
async def test_a_record_is_as_the_contract_says(
    civil: str, path: str, question: dict[str, str], member: str, value: str
) -> None:
    """Adapters are written against the contract, not against this code."""
    questions("civil", path).validate(question)

    reply = await ask(civil, path, question, auth=AUTH)

    assert 200 == reply.status_code
    answers("civil", path, 200).validate(reply.json())
    assert value == reply.json()[member]


@pytest.mark.parametrize(
    ("path", "question"),
    [
        pytest.param(DEATH, ANH, id="alive"),
        pytest.param(BIRTH, {**ANH, "hoTen": "Nguyễn Thị Oanh"}, id="another name"),
        pytest.param(BIRTH, {**ANH, "ngaySinh": "1990-02-02"}, id="another day"),
        pytest.param(BIRTH, {**ANH, "soDinhDanh": "003190000999"}, id="another number"),
        pytest.param(BIRTH, {"soDinhDanh": "003187002424", "hoTen": "Châu Ngọc Diệp"}, id="hidden"),
    ],
)
async def test_no_record_is_one_and_the_same_answer(
    civil: str, path: str, question: dict[str, str]
) -> None:
    """A caller who varies one field must not learn which one was wrong."""
    reply = await ask(civil, path, question, auth=AUTH)

    assert 404 == reply.status_code
    answers("civil", path, 404).validate(reply.json())
    assert {"code": "KHONG_CO", "message": "Không có bản ghi"} == reply.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "auth", "status", "code"),
    [
        pytest.param(BIRTH, ANH, ("motlan", "wrong"), 401, "DANG_NHAP", id="wrong password"),
        pytest.param(BIRTH, ANH, None, 401, "DANG_NHAP", id="no password"),
        pytest.param(BIRTH, {"soDinhDanh": "1"}, AUTH, 400, "YEU_CAU", id="outside the contract"),
        pytest.param("/hotich/v1/khac", ANH, AUTH, 404, "DUONG_DAN", id="no such path"),
    ],
)
async def test_refusals_are_told_apart_by_their_code(  # noqa: PLR0917 - columns of the table above
    civil: str, path: str, body: object, auth: tuple[str, str] | None, status: int, code: str
) -> None:
    """404 means two things here; only the code says which."""
    reply = await ask(civil, path, body, auth=auth)

    assert (status, code) == (reply.status_code, reply.json()["error"]["code"])


async def test_places_are_told_in_the_division_of_their_day(civil: str) -> None:
    """A record of 1990 names a commune that has since been merged."""
    reply = await ask(civil, BIRTH, ANH, auth=AUTH)

    assert {"maXa": "99012", "tenXa": "Phường Bến Nghè"} == reply.json()["noiDangKy"]
