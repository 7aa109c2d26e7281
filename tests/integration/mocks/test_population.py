"""The population register over a real socket, against its WSDL."""

import unicodedata
from typing import Any

import httpx
import pytest

from mocks.population import NOT_OPEN, OPERATIONS
from mocks.soap import Contract
from tests.registers import (
    ANH,
    BCA,
    CODES,
    DC,
    SOAP,
    ask_population,
    asked_so_far,
    envelope,
    etree,
    population_headers,
    text,
)

MORE = {
    "XacMinhThongTinNhanThan": (
        "<bca:SoDinhDanhLienQuan>003088000451</bca:SoDinhDanhLienQuan><bca:QuanHe>01</bca:QuanHe>"
    ),
    "XacMinhThongTinNguoiGiamHo": "<bca:SoDinhDanhLienQuan>003088000451</bca:SoDinhDanhLienQuan>",
    "XacMinhThongTinChuHo": "<bca:SoDinhDanhLienQuan>003088000451</bca:SoDinhDanhLienQuan>",
    "XacMinhThongTinNoiOHienTai": "<bca:MaPhuongXa>99003</bca:MaPhuongXa>",
}
NOBODY = {**ANH, "SoDinhDanh": "003190000999"}
HAN = {"SoDinhDanh": "003316001010", "HoVaTen": "NGO GIA HAN", "NgayThangNamSinh": "20160518"}


def persona(number: str, name: str, born: str) -> dict[str, str]:
    """Return the identifying elements of a question."""
    return {"SoDinhDanh": number, "HoVaTen": name, "NgayThangNamSinh": born}


def agreed(element: Any) -> bool:
    """Tell whether an answer is as the WSDL says."""
    return bool(Contract()._schema.validate(etree.ElementTree(element)))


@pytest.mark.parametrize("person", [ANH, NOBODY, HAN], ids=["known", "unknown", "child"])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_every_answer_is_as_its_contract_says(
    population: str, operation: str, person: dict[str, str]
) -> None:
    """Adapters are written against the WSDL, not against this code."""
    status, answer = await ask_population(population, operation, person, MORE.get(operation, ""))

    assert 200 == status
    assert f"{BCA}{operation}Response" == answer.tag
    assert agreed(answer)


@pytest.mark.parametrize(
    "person",
    [
        pytest.param({**ANH, "SoDinhDanh": "003190000999"}, id="another number"),
        pytest.param({**ANH, "HoVaTen": "NGUYEN THI ANG"}, id="another name"),
        pytest.param({**ANH, "NgayThangNamSinh": "19900202"}, id="another day"),
        pytest.param({**ANH, "NgayThangNamSinh": "1990"}, id="less than is on record"),
        pytest.param(persona("003187002424", "CHAU NGOC DIEP", "19870819"), id="a hidden record"),
        pytest.param(
            persona("003226002020", "PHAN GIA BAO", "20261110"), id="not in this register"
        ),
    ],
)
async def test_every_way_not_to_match_looks_the_same(
    population: str, person: dict[str, str]
) -> None:
    """A caller who varies one field must not learn which one was wrong."""
    _, nobody = await ask_population(population, "TraCuuThongTinCongDan", NOBODY)
    _, answer = await ask_population(population, "TraCuuThongTinCongDan", person)

    assert "01" == text(answer, "MaKetQua")
    for either in (nobody, answer):
        for passing in ("MaGiaoDich", "ThoiDiem"):
            either.find(f"{BCA}{passing}").text = ""
    assert etree.tostring(nobody) == etree.tostring(answer)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Nguyễn Thị Ánh", id="with marks"),
        pytest.param("NGUYEN THI ANH", id="without marks"),
        pytest.param("nguyễnthịánh", id="without blanks"),
        pytest.param(unicodedata.normalize("NFD", "Nguyễn Thị Ánh"), id="decomposed"),
    ],
)
async def test_names_are_compared_without_marks_blanks_and_case(population: str, name: str) -> None:
    """Counters type names in every way there is, decomposed letters among them."""
    _, answer = await ask_population(population, "XacThucThongTinCongDan", {**ANH, "HoVaTen": name})

    assert "1" == text(answer, "KetQua")


@pytest.mark.parametrize("born", ["1948", "194807", "19480702"])
async def test_a_birth_of_which_only_the_year_is_known_matches_that_year(
    population: str, born: str
) -> None:
    """Old people's papers often give a day that the register never had."""
    who = persona("003148000404", "PHAM THI MUI", born)

    _, answer = await ask_population(population, "TraCuuThongTinCongDan", who)

    assert "1948" == text(answer, "Nam")
    assert text(answer, "NgayThangNam") is None


async def test_a_replaced_number_leads_to_the_current_one(population: str) -> None:
    """The caller must learn that the number it holds is no longer the person's."""
    who = persona("005085000500", "HOANG VAN BAO", "19850411")

    _, answer = await ask_population(population, "TraCuuThongTinCongDan", who)

    assert "003085000505" == text(answer, "SoDinhDanhHienTai")
    assert "003085000505" == text(answer, "SoDinhDanh")


async def test_the_old_card_finds_the_person(population: str) -> None:
    """Old dossiers hold nine digits only."""
    who = {"SoCMND": "990002323", "HoVaTen": "TA DINH PHONG", "NgayThangNamSinh": "19681001"}

    _, answer = await ask_population(population, "TraCuuThongTinCongDan", who)

    assert "003068002323" == text(answer, "SoDinhDanh")
    assert text(answer, "SoDinhDanhHienTai") is None


async def test_only_the_named_elements_are_supplied(population: str) -> None:
    """What is not asked for should not even reach the gateway."""
    more = "<bca:TruongThongTin>HoVaTen ThuongTru</bca:TruongThongTin>"

    _, answer = await ask_population(population, "TraCuuThongTinCongDan", ANH, more)

    names = [child.tag.removeprefix(DC) for child in answer.find(f".//{DC}CongDan")]
    assert ["SoDinhDanh", "HoVaTen", "ThuongTru", "DienChuThe", "ThoiDiemCapNhat"] == names


@pytest.mark.parametrize(
    ("person", "standing"),
    [
        pytest.param(ANH, "1", id="adult"),
        pytest.param(HAN, "2", id="child"),
        pytest.param(persona("003079001111", "DINH CONG THANH", "19790125"), "3", id="incapable"),
        pytest.param(persona("003061001212", "TRUONG VAN NGHIA", "19610808"), "4", id="dead"),
    ],
)
async def test_the_answer_says_who_the_person_is_before_the_law(
    population: str, person: dict[str, str], standing: str
) -> None:
    """Consent of a child, an incapable or a dead person is nobody's to assume."""
    _, answer = await ask_population(population, "XacThucThongTinCongDan", person)

    assert standing == text(answer, "DienChuThe")


@pytest.mark.parametrize(
    ("operation", "more", "so"),
    [
        (
            "XacMinhThongTinNguoiGiamHo",
            "<bca:SoDinhDanhLienQuan>005183000606</bca:SoDinhDanhLienQuan>",
            "1",
        ),
        (
            "XacMinhThongTinNguoiGiamHo",
            "<bca:SoDinhDanhLienQuan>003190000123</bca:SoDinhDanhLienQuan>",
            "0",
        ),
        (
            "XacMinhThongTinChuHo",
            "<bca:SoDinhDanhLienQuan>005183000606</bca:SoDinhDanhLienQuan>",
            "1",
        ),
        ("XacMinhThongTinNoiOHienTai", "<bca:MaPhuongXa>99008</bca:MaPhuongXa>", "1"),
        ("XacMinhThongTinNoiOHienTai", "<bca:MaPhuongXa>99003</bca:MaPhuongXa>", "0"),
    ],
)
async def test_facts_about_a_child_are_verified(
    population: str, operation: str, more: str, so: str
) -> None:
    """Yes or no is the least that answers the question."""
    _, answer = await ask_population(population, operation, HAN, more)

    assert so == text(answer, "KetQua")


@pytest.mark.parametrize(
    ("asked", "on", "so"),
    [
        pytest.param("99004", "2025-06-30", "1", id="the old commune as of then"),
        pytest.param("99004", None, "0", id="the same code read as of today"),
        pytest.param("99003", None, "0", id="one of the three it was split into"),
    ],
)
async def test_a_commune_code_means_what_it_meant_on_its_day(
    population: str, asked: str, on: str | None, so: str
) -> None:
    """Codes were reused in July 2025; without a day they name two places."""
    tai = persona("003080001717", "DUONG VAN TAI", "19800505")
    day = f"<bca:NgayDiaGioi>{on}</bca:NgayDiaGioi>" if on else ""

    more = f"<bca:MaPhuongXa>{asked}</bca:MaPhuongXa>{day}"
    _, answer = await ask_population(population, "XacMinhThongTinNoiOHienTai", tai, more)

    assert so == text(answer, "KetQua")


async def test_a_dead_persons_day_of_death_is_told(population: str) -> None:
    """The death chain starts from this."""
    nghia = persona("003061001212", "TRUONG VAN NGHIA", "19610808")

    _, answer = await ask_population(population, "XacMinhTinhTrangChetMatTich", nghia)

    assert ("2", "2026-03-18") == (text(answer, "TinhTrangSong"), text(answer, "TuNgay"))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"MaDVC": "9.999999"}, "DVC", id="procedure not mapped"),
        pytest.param({"MaCanBo": "canbo.thieu"}, "CAN_BO", id="officer without a number on file"),
        pytest.param({"MaBamCanBo": "0" * 64}, "CAN_BO", id="wrong hash"),
        pytest.param({"MaTichHop": "001"}, "TICH_HOP", id="another operation's code"),
        pytest.param({"MaDVC": "khong-ma"}, "MAU_SAI", id="outside the schema"),
    ],
)
async def test_a_call_without_its_mapping_is_refused(
    population: str, changed: dict[str, str], code: str
) -> None:
    """The register refuses before it looks for anybody."""
    status, answer = await ask_population(population, "TraCuuThongTinCongDan", ANH, **changed)

    assert 500 == status
    assert f"{SOAP}Fault" == answer.tag
    assert code == text(answer, "MaLoi")


@pytest.mark.parametrize("operation", sorted(NOT_OPEN))
async def test_lists_and_waiting_requests_are_not_open(population: str, operation: str) -> None:
    """Two of the lists would select people by ethnicity and religion."""
    status, answer = await ask_population(population, operation, {})

    assert (500, "KHONG_MO") == (status, text(answer, "MaLoi"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer nobody"}, 401),
        ({"lgspaccesstoken": ""}, 401),
        ({"lgspaccesstoken": "bm8="}, 401),
        ({"lgspaccesstoken": "eyJBY2Nlc3NLZXkiOiJ4In0="}, 403),
    ],
)
async def test_the_bus_refuses_strangers_in_its_own_words(
    population: str, headers: dict[str, str], status: int
) -> None:
    """Before the SOAP layer, errors are JSON of another shape."""
    async with httpx.AsyncClient(headers=population_headers(**headers)) as client:
        reply = await client.post(
            f"{population}/dancu/1.0", content=envelope("TraCuuThongTinCongDan", ANH)
        )

    assert status == reply.status_code
    assert {"code", "status", "correlationId", "response"} == reply.json().keys()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"not xml", id="not XML"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', id="an entity"),
        pytest.param(b"<a/>", id="no envelope"),
    ],
)
async def test_what_is_no_envelope_is_a_fault_and_not_a_crash(population: str, body: bytes) -> None:
    """A register answers the careless too."""
    async with httpx.AsyncClient(headers=population_headers()) as client:
        reply = await client.post(f"{population}/dancu/1.0", content=body)

    assert 500 == reply.status_code
    assert b"MAU_SAI" in reply.content


async def test_the_query_log_knows_what_was_asked_and_not_about_whom(population: str) -> None:
    """The log is compared with the gateway's record; it is no second register."""
    async with httpx.AsyncClient(headers=population_headers()) as client:
        await client.post(
            f"{population}/dancu/1.0",
            content=envelope("XacThucThongTinCongDan", ANH),
            headers={"X-Correlation-Id": "exchange-7"},
        )

    (asked,) = await asked_so_far(population)

    assert "XacThucThongTinCongDan" == asked["operation"]
    assert ("yc-1", "exchange-7") == (asked["request_id"], asked["exchange_id"])
    assert ANH["SoDinhDanh"] not in str(asked)


async def test_the_wsdl_is_served_as_it_stands(population: str) -> None:
    """Tools of callers read it from the address itself."""
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{population}/dancu/1.0?wsdl")

    assert set(CODES) == OPERATIONS.keys()
    assert all(f'name="{name}"'.encode() in reply.content for name in (*CODES, *NOT_OPEN))
