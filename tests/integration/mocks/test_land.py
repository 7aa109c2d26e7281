"""The land register over a real socket, against its OpenAPI document."""

import pytest

from mocks.land import CERTIFICATES, HOLDERS, PARCELS
from tests.registers import LAND_HEADERS, answers, ask, questions

ANH = "003190000123"
PARCEL = {"xaId": "99003", "soHieuToBanDo": "12", "soThuTuThua": "207"}
QUESTIONS = [
    pytest.param(CERTIFICATES, {"soGiayTo": ANH}, id="certificates of a person"),
    pytest.param(CERTIFICATES, {"soGiayTo": ANH, "soPhatHanh": "AA 00419027"}, id="by serial"),
    pytest.param(CERTIFICATES, {"soGiayTo": "003190000999"}, id="nothing found"),
    pytest.param(CERTIFICATES, {"soGiayTo": "005178001616"}, id="old and new numbers"),
    pytest.param(CERTIFICATES, {"soGiayTo": "003072001515"}, id="two certificates"),
    pytest.param(PARCELS, PARCEL, id="parcel"),
    pytest.param(HOLDERS, {"soGiayTo": ANH, "soPhatHanh": "aa00419027"}, id="holder"),
    pytest.param(HOLDERS, {"soGiayTo": "003098000303"}, id="holds nothing"),
]


@pytest.mark.parametrize(("path", "question"), QUESTIONS)
async def test_question_and_answer_are_as_the_contract_says(
    land: str, path: str, question: dict[str, str]
) -> None:
    """Adapters are written against the contract, not against this code."""
    questions("land", path).validate(question)

    reply = await ask(land, path, question, headers=LAND_HEADERS)

    assert 200 == reply.status_code
    answers("land", path, 200).validate(reply.json())
    assert reply.headers["X-Ma-Truy-Vet"].startswith("dd-")


async def test_a_couple_stands_on_one_certificate(land: str) -> None:
    """Both spouses are named; whoever of them asks finds it."""
    found = [
        (await ask(land, CERTIFICATES, {"soGiayTo": number}, headers=LAND_HEADERS)).json()
        for number in (ANH, "003088000451")
    ]

    assert found[0]["duLieu"] == found[1]["duLieu"]
    assert ["VO_CHONG", "VO_CHONG"] == [one["vaiTro"] for one in found[0]["duLieu"][0]["chuSuDung"]]


async def test_a_serial_opens_no_certificate_of_somebody_else(land: str) -> None:
    """Serials can be guessed; the number of a holder must come with them."""
    question = {"soGiayTo": "003098000303", "soPhatHanh": "AA 00419027"}

    reply = await ask(land, CERTIFICATES, question, headers=LAND_HEADERS)

    assert {"trang": 1, "kichThuoc": 20, "tongSo": 0, "duLieu": []} == reply.json()


@pytest.mark.parametrize(
    ("page", "serials"), [(1, ["CH 881501"]), (2, ["CM 771502"]), (3, [])], ids=str
)
async def test_pages_do_not_overlap(land: str, page: int, serials: list[str]) -> None:
    """An adapter that follows pages must see each certificate once."""
    question = {"soGiayTo": "003072001515", "trang": page, "kichThuoc": 1}

    reply = (await ask(land, CERTIFICATES, question, headers=LAND_HEADERS)).json()

    assert 2 == reply["tongSo"]
    assert serials == [one["soPhatHanh"] for one in reply["duLieu"]]


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(
            {"xaId": "99024", "soHieuToBanDo": "44", "soThuTuThua": "512"}, id="as of today"
        ),
        pytest.param(
            {"xaId": "99024", "soHieuToBanDo": "7", "soThuTuThua": "96", "soCu": True},
            id="by its old numbers",
        ),
        pytest.param(
            {
                "xaId": "99023",
                "soHieuToBanDo": "7",
                "soThuTuThua": "96",
                "soCu": True,
                "ngayDiaGioi": "2024-01-01",
            },
            id="by its old numbers in its old commune",
        ),
    ],
)
async def test_a_parcel_is_found_under_old_and_new_numbers(
    land: str, question: dict[str, object]
) -> None:
    """Papers name parcels as they were numbered when the paper was made."""
    reply = (await ask(land, PARCELS, question, headers=LAND_HEADERS)).json()

    assert ["td-0000016"] == [one["thuaId"] for one in reply["duLieu"]]


async def test_a_parcel_does_not_name_its_holders(land: str) -> None:
    """Anybody who stands before a parcel can ask; who holds it is another question."""
    reply = (await ask(land, PARCELS, PARCEL, headers=LAND_HEADERS)).json()

    assert "chuSuDung" not in reply["duLieu"][0]


@pytest.mark.parametrize(
    ("question", "so"),
    [
        ({"soGiayTo": ANH}, True),
        ({"soGiayTo": ANH, **PARCEL}, True),
        ({"soGiayTo": ANH, **PARCEL, "soThuTuThua": "208"}, False),
        ({"soGiayTo": ANH, "soPhatHanh": "AA 00000000"}, False),
        ({"soGiayTo": "005183000606"}, False),
    ],
)
async def test_who_holds_what_is_answered_yes_or_no(
    land: str, question: dict[str, str], so: bool
) -> None:
    """The permanent-residence procedure needs no more than this."""
    reply = (await ask(land, HOLDERS, question, headers=LAND_HEADERS)).json()

    assert so is reply["laChuSuDung"]
    assert question["soGiayTo"] == reply["soGiayTo"]
    assert so is (reply["vaiTro"] is not None)


async def test_an_old_certificate_is_found_by_the_old_card_only(land: str) -> None:
    """The adapter must ask again with the number the population register gives."""
    found = [
        (await ask(land, CERTIFICATES, {"soGiayTo": number}, headers=LAND_HEADERS)).json()["tongSo"]
        for number in ("003068002323", "990002323")
    ]

    assert [0, 1] == found


async def test_the_certificate_keeps_the_clerks_mistake(land: str) -> None:
    """Registers contradict each other; pre-fill has to show it."""
    question = {"soGiayTo": "003075000707"}

    reply = (await ask(land, CERTIFICATES, question, headers=LAND_HEADERS)).json()

    assert "Đỗ Văn Lâm" == reply["duLieu"][0]["chuSuDung"][0]["hoTen"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        (CERTIFICATES, {"soGiayTo": ANH}, {"X-API-Key": "wrong"}, 401, "KHOA"),
        (CERTIFICATES, {"soGiayTo": ANH}, {"X-Don-Vi": "H98"}, 403, "DON_VI"),
        (CERTIFICATES, {"soGiayTo": "12"}, {}, 400, "THAM_SO"),
        (CERTIFICATES, {"soGiayTo": ANH, "la": 1}, {}, 400, "THAM_SO"),
        (HOLDERS, {"soGiayTo": ANH, "xaId": "99003"}, {}, 400, "THAM_SO"),
        (PARCELS, {**PARCEL, "kichThuoc": 101}, {}, 400, "THAM_SO"),
    ],
)
async def test_a_refusal_is_as_the_contract_says(  # noqa: PLR0917 - columns of the table above
    land: str, path: str, body: object, headers: dict[str, str], status: int, code: str
) -> None:
    """The adapter tells its own mistake from the register's by these."""
    reply = await ask(land, path, body, headers={**LAND_HEADERS, **headers})

    assert (status, code) == (reply.status_code, reply.json()["maLoi"])
    answers("land", path, status).validate(reply.json())


async def test_an_unknown_path_has_the_registers_own_error(land: str) -> None:
    """Even a stray call is answered in this register's words."""
    reply = await ask(land, "/nowhere", {}, headers=LAND_HEADERS)

    assert (404, "DUONG_DAN") == (reply.status_code, reply.json()["maLoi"])
