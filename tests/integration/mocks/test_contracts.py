"""The contracts' own examples, asked for real."""

import json
import re
from typing import Any

import pytest

from tests.registers import (
    ANH,
    CONTRACTS,
    DC,
    LAND_HEADERS,
    ask,
    ask_population,
    contract,
    etree,
    insurance_token,
    questions,
    text,
)

README = (CONTRACTS / "README.md").read_text()
PASSING = {"correlationId", "soTraCuu"}  # numbers of the answer itself


def examples(path: str) -> tuple[Any, Any]:
    """Return the question and the answer that README shows after *path*."""
    after = README[README.index(f"`POST {path}`") :]
    blocks = re.findall(r"```json\n(.*?)```", after, re.DOTALL)
    return json.loads(blocks[0]), json.loads(blocks[1])


def lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """Return *answer* without what differs from one asking to the next."""
    return {name: value for name, value in answer.items() if name not in PASSING}


async def test_the_land_example_is_what_the_register_answers(land: str) -> None:
    """Adapters begin from the example."""
    path = "/api/v1/giay-chung-nhan/tim-kiem"
    question, shown = examples(path)

    reply = (await ask(land, path, question, headers=LAND_HEADERS)).json()

    assert shown == reply


async def test_the_insurance_example_is_what_the_fund_answers(insurance: str) -> None:
    """Adapters begin from the example."""
    path = "/bhxh/v2/the-bhyt"
    question, shown = examples(path)

    reply = await ask(insurance, path, question, headers=await insurance_token(insurance))

    assert lasting(shown) == lasting(reply.json())


async def test_the_civil_example_is_what_the_register_answers(civil: str) -> None:
    """Adapters begin from the example: a marriage record."""
    shown_question, shown = examples("/hotich/v1/khai-sinh")

    reply = await ask(civil, "/hotich/v1/ket-hon", shown_question, auth=("motlan", "hotich-demo"))

    assert lasting(shown) == lasting(reply.json())


async def test_the_population_example_is_what_the_register_answers(population: str) -> None:
    """Adapters begin from the example."""
    block = README[README.index("Answer:\n\n```xml\n") :].split("```")[1].removeprefix("xml\n")
    shown = etree.fromstring(block).find(f".//{DC}CongDan")
    wanted = "<bca:TruongThongTin>HoVaTen ThuongTru</bca:TruongThongTin>"

    _, answer = await ask_population(population, "TraCuuThongTinCongDan", ANH, wanted)

    found = answer.find(f".//{DC}CongDan")
    assert [(e.tag, (e.text or "").strip()) for e in shown.iter()] == [
        (e.tag, e.text or "") for e in found.iter()
    ]
    assert "Thành công" == text(answer, "ThongBao")


@pytest.mark.parametrize("register", ["land", "insurance", "civil"])
def test_every_example_question_fits_its_schema(register: str) -> None:
    """An example outside its own schema teaches the mistake."""
    document = contract(register)
    bodies = document["components"].get("requestBodies", {})
    checked = 0
    for path, item in document["paths"].items():
        body = item["post"]["requestBody"]
        body = bodies[body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        content = body["content"].get("application/json", {})
        if "example" in content:
            questions(register, path).validate(content["example"])
            checked += 1

    assert checked
