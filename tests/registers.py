"""Callers of the four stand-ins, and their contracts as validators."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import yaml

etree: Any = import_module("lxml.etree")  # it brings no types

CONTRACTS = Path(__file__).parent.parent / "mocks" / "contracts"
BCA = "{http://dancuquocgia.bca}"
DC = "{http://www.mic.gov.vn/dancu/1.0}"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
ACCESS = {
    "AccessKey": "demo-access",
    "SecretKey": "demo-secret",
    "AppName": "motlan",
    "PartnerCode": "H99",
    "PartnerCodeCus": "H99",
}
CODES = {
    "XacThucThongTinCongDan": "001",
    "XacMinhThongTinNhanThan": "002",
    "XacMinhThongTinNguoiGiamHo": "003",
    "XacMinhThongTinChuHo": "004",
    "XacMinhThongTinNoiOHienTai": "005",
    "XacMinhTinhTrangHonNhan": "006",
    "XacMinhTinhTrangChetMatTich": "007",
    "TraCuuThongTinCongDan": "037",
    "CungCapThongTinCongDan": "038",
    "CungCapThongTinHoGiaDinh": "039",
    "CungCapThongTinNhomMau": "040",
}
LAND_HEADERS = {"X-API-Key": "land-demo-key", "X-Don-Vi": "H99"}
ANH = {"SoDinhDanh": "003190000123", "HoVaTen": "NGUYEN THI ANH", "NgayThangNamSinh": "19900201"}


def population_headers(**changed: str) -> dict[str, str]:
    """Return what the bus wants to see."""
    access = base64.b64encode(json.dumps(ACCESS).encode()).decode()
    usual = {"Authorization": "Bearer pop-demo-token", "lgspaccesstoken": access}
    return {**usual, "Content-Type": "text/xml; charset=utf-8", **changed}


def envelope(operation: str, person: Mapping[str, str], more: str = "", **changed: str) -> bytes:
    """Return a question of the demo officer; *changed* replaces elements of its head."""
    officer = changed.get("MaCanBo", "canbo.demo")
    secret = {"canbo.demo": "canbo-demo-secret", "canbo.thieu": "canbo-thieu-secret"}[officer]
    asked = {
        "MaYeuCau": "yc-1",
        "MaDVC": "1.013225",
        "MaTichHop": CODES.get(operation, "037"),
        "MaCanBo": officer,
        "MaBamCanBo": hashlib.sha256(f"{officer}:{secret}".encode()).hexdigest(),
        **changed,
        **person,
    }
    inside = "".join(f"<bca:{name}>{text}</bca:{name}>" for name, text in asked.items()) + more
    body = f'<bca:{operation} xmlns:bca="{BCA[1:-1]}">{inside}</bca:{operation}>'
    space = f'xmlns:soap="{SOAP[1:-1]}"'
    return f"<soap:Envelope {space}><soap:Body>{body}</soap:Body></soap:Envelope>".encode()


async def ask_population(
    url: str, operation: str, person: Mapping[str, str], more: str = "", **changed: str
) -> tuple[int, Any]:
    """Ask the population register; return the status and the element in the answer's body."""
    question = envelope(operation, person, more, **changed)
    async with httpx.AsyncClient(base_url=url, headers=population_headers()) as client:
        reply = await client.post("/dancu/1.0", content=question)
    return reply.status_code, etree.fromstring(reply.content)[0][0]


def text(element: Any, name: str) -> str | None:
    """Return the text of the first *name* below *element*, in either namespace."""
    found = element.find(f".//{BCA}{name}")
    found = element.find(f".//{DC}{name}") if found is None else found
    return None if found is None else found.text


async def ask(url: str, path: str, body: object, **options: Any) -> httpx.Response:
    """Post JSON to a register."""
    async with httpx.AsyncClient(base_url=url) as client:
        return await client.post(path, json=body, **options)


async def insurance_token(url: str) -> dict[str, str]:
    """Return the header that carries a fresh token of the fund."""
    form = {"grant_type": "client_credentials"}
    async with httpx.AsyncClient(base_url=url, auth=("motlan-demo", "bhxh-demo-secret")) as client:
        reply = await client.post("/token", data=form)
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


async def misbehave(url: str, fault: str, times: int = 1) -> None:
    """Order the next answers to be wrong."""
    async with httpx.AsyncClient(base_url=url) as client:
        reply = await client.post(f"/__faults/{fault}", params={"times": times})
    assert 200 == reply.status_code


async def asked_so_far(url: str) -> list[dict[str, str]]:
    """Return the register's query log."""
    async with httpx.AsyncClient(base_url=url) as client:
        return (await client.get("/__queries")).json()["queries"]


def contract(register: str) -> dict[str, Any]:
    """Return the OpenAPI document of *register*."""
    return yaml.safe_load((CONTRACTS / f"{register}.yaml").read_text())


def answers(register: str, path: str, status: int) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of the answer at *path* with *status*."""
    document = contract(register)
    response = document["paths"][path]["post"]["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    wanted = response["content"]["application/json"]["schema"]
    rooted = {"components": document["components"], **wanted}
    return jsonschema_rs.Draft202012Validator(rooted)


def questions(register: str, path: str) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of the question at *path*."""
    document = contract(register)
    body = document["paths"][path]["post"]["requestBody"]
    if "$ref" in body:
        body = document["components"]["requestBodies"][body["$ref"].rpartition("/")[2]]
    wanted = body["content"]["application/json"]["schema"]
    rooted = {"components": document["components"], **wanted}
    return jsonschema_rs.Draft202012Validator(rooted)
