"""The insurance fund over a real socket, against its OpenAPI document."""

from pathlib import Path

import httpx
import pytest

from mocks.config import Config, Insurance
from mocks.insurance import BENEFITS, CARD, HISTORY
from mocks.serving import serving
from tests.registers import answers, ask, asked_so_far, insurance_token, questions

ANH = {
    "soDinhDanh": "003190000123",
    "hoTen": "Nguyễn Thị Ánh",
    "ngaySinh": "01/02/1990",
    "loaiNgaySinh": 0,
}
SEN = {"soDinhDanh": "003164001919", "hoTen": "HO THI SEN"}
NOBODY = {"soDinhDanh": "003190000999", "hoTen": "NGUYEN THI ANH"}


@pytest.mark.parametrize("person", [ANH, SEN, NOBODY], ids=["worker", "survivor", "nobody"])
@pytest.mark.parametrize(
    ("path", "more"),
    [
        pytest.param(CARD, {}, id="card"),
        pytest.param(HISTORY, {}, id="history"),
        pytest.param(BENEFITS, {}, id="yes or no"),
        pytest.param(BENEFITS, {"chiTiet": True}, id="kinds of benefit"),
    ],
)
async def test_question_and_answer_are_as_the_contract_says(
    insurance: str, path: str, more: dict[str, object], person: dict[str, object]
) -> None:
    """Adapters are written against the contract, not against this code."""
    question = {**person, **more}
    questions("insurance", path).validate(question)

    reply = await ask(insurance, path, question, headers=await insurance_token(insurance))

    assert 200 == reply.status_code
    answers("insurance", path, 200).validate(reply.json())
    assert (404 if person is NOBODY else 200) == reply.json()["code"]


@pytest.mark.parametrize(
    "question",
    [
        pytest.param({**ANH, "soDinhDanh": "003190000999"}, id="another number"),
        pytest.param({**ANH, "hoTen": "Nguyễn Thị Anh Thư"}, id="another name"),
        pytest.param({**ANH, "ngaySinh": "02/02/1990"}, id="another day"),
        pytest.param(
            {"maSoBhxh": "0309999999", "hoTen": "Nguyễn Thị Ánh"}, id="another fund number"
        ),
        pytest.param({"soDinhDanh": "003187002424", "hoTen": "Châu Ngọc Diệp"}, id="hidden record"),
    ],
)
async def test_every_way_not_to_match_looks_the_same(
    insurance: str, question: dict[str, object]
) -> None:
    """A caller who varies one field must not learn which one was wrong."""
    reply = await ask(insurance, CARD, question, headers=await insurance_token(insurance))

    assert (404, "KHONG_TIM_THAY", None) == tuple(
        reply.json()[member] for member in ("code", "status", "response")
    )


async def test_both_number_schemes_lead_to_one_participant(insurance: str) -> None:
    """Since August 2025 the personal number serves beside the fund's own."""
    token = await insurance_token(insurance)
    by_fund = {"maSoBhxh": "0301900123", "hoTen": "NGUYEN THI ANH"}

    found = [await ask(insurance, CARD, each, headers=token) for each in (ANH, by_fund)]

    assert found[0].json()["response"] == found[1].json()["response"]


@pytest.mark.parametrize(
    ("person", "kind", "state"),
    [
        (ANH, "MOI_10", 1),
        ({"soDinhDanh": "003088000451", "hoTen": "Trần Quốc Huy"}, "CU_15", 1),
        ({"soDinhDanh": "005094000808", "hoTen": "Bùi Thanh Tùng"}, "MOI_10", 2),
    ],
    ids=["new number", "old number", "lapsed"],
)
async def test_cards_old_new_and_lapsed_are_told_apart(
    insurance: str, person: dict[str, object], kind: str, state: int
) -> None:
    """A hospital decides on these two members."""
    reply = await ask(insurance, CARD, person, headers=await insurance_token(insurance))

    card = reply.json()["response"]
    assert (kind, state) == (card["kieuSoThe"], card["trangThai"])


async def test_kinds_of_benefit_come_only_when_asked(insurance: str) -> None:
    """The kind is health data; yes or no is not."""
    token = await insurance_token(insurance)

    brief, full = [
        (await ask(insurance, BENEFITS, {**SEN, **more}, headers=token)).json()["response"]
        for more in ({}, {"chiTiet": True})
    ]

    assert brief["dangHuong"] is True
    assert "cheDo" not in brief
    assert ["TU_TUAT"] == [one["loai"] for one in full["cheDo"]]


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer nothing", "Basic bm86bm8="], ids=repr
)
async def test_no_answer_without_a_live_token(insurance: str, authorization: str) -> None:
    """The adapter refreshes its token on exactly this."""
    reply = await ask(insurance, CARD, ANH, headers={"Authorization": authorization})

    assert 401 == reply.status_code
    assert "TOKEN_KHONG_HOP_LE" == reply.json()["status"]
    answers("insurance", CARD, 401).validate(reply.json())


async def test_a_token_ends_when_its_time_is_over(stores: Path) -> None:
    """Adapters cache tokens; the fund does not forgive that for ever."""
    brief = Config(insurance=Insurance(token_life_s=0))
    async with serving("insurance", stores, config=brief) as url:
        reply = await ask(url, CARD, ANH, headers=await insurance_token(url))

    assert 401 == reply.status_code


@pytest.mark.parametrize(
    ("auth", "form", "status", "error"),
    [
        (("motlan-demo", "wrong"), {"grant_type": "client_credentials"}, 401, "invalid_client"),
        (
            ("motlan-demo", "bhxh-demo-secret"),
            {"grant_type": "password"},
            400,
            "unsupported_grant_type",
        ),
        (("motlan-demo", "bhxh-demo-secret"), {}, 400, "invalid_request"),
    ],
)
async def test_the_token_endpoint_refuses_as_the_standard_says(
    insurance: str, auth: tuple[str, str], form: dict[str, str], status: int, error: str
) -> None:
    """RFC 6749 section 5.2."""
    async with httpx.AsyncClient(auth=auth) as client:
        reply = await client.post(f"{insurance}/token", data=form)

    assert (status, error) == (reply.status_code, reply.json()["error"])
    answers("insurance", "/token", status).validate(reply.json())


@pytest.mark.parametrize(
    "question",
    [
        pytest.param({"hoTen": "A"}, id="no number"),
        pytest.param({**ANH, "maSoBhxh": "0301900123"}, id="both numbers"),
        pytest.param({"soDinhDanh": "003190000123"}, id="no name"),
        pytest.param({**ANH, "loaiNgaySinh": 2}, id="birth date of another kind"),
        pytest.param({**ANH, "chiTiet": True}, id="a member of another question"),
    ],
)
async def test_a_question_outside_the_contract_is_refused(
    insurance: str, question: dict[str, object]
) -> None:
    """Sloppy questions must fail in tests, not in production."""
    reply = await ask(insurance, CARD, question, headers=await insurance_token(insurance))

    assert (400, "THAM_SO") == (reply.status_code, reply.json()["status"])


async def test_asking_for_a_token_is_no_question_about_anybody(insurance: str) -> None:
    """The query log is compared with the gateway's record, line by line."""
    token = await insurance_token(insurance)
    await ask(insurance, CARD, ANH, headers={**token, "X-Correlation-Id": "exchange-9"})

    (asked,) = await asked_so_far(insurance)

    assert ("traCuuTheBhyt", "exchange-9") == (asked["operation"], asked["exchange_id"])
