"""Everything the registers could ever answer, held to the contracts."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mocks import civil, insurance, land, population_records, store
from mocks.population import _citizen, _household
from mocks.soap import Contract, answer
from tests.registers import contract, etree

HEAD = (
    "<bca:MaYeuCau>1</bca:MaYeuCau><bca:MaGiaoDich>1</bca:MaGiaoDich>"
    "<bca:MaKetQua>00</bca:MaKetQua><bca:ThongBao>1</bca:ThongBao>"
    "<bca:ThoiDiem>2026-11-21T08:00:00+07:00</bca:ThoiDiem>"
)
DOCUMENTS = [
    ("land", "GiayChungNhan", "SELECT doc FROM certificate"),
    ("land", "ThuaDat", "SELECT doc FROM parcel"),
    ("insurance", "TheBhyt", "SELECT card FROM participant WHERE card IS NOT NULL"),
    ("insurance", "QuaTrinh", "SELECT history FROM participant"),
    ("insurance", "DangHuong", "SELECT receiving FROM participant"),
    ("insurance", "DangHuong", "SELECT benefits FROM participant"),
    ("civil", "KhaiSinh", "SELECT doc FROM birth"),
    ("civil", "KhaiTu", "SELECT doc FROM death"),
    ("civil", "KetHon", "SELECT doc FROM marriage"),
]
FILLS = {
    "land": land.fill,
    "insurance": insurance.fill,
    "civil": civil.fill,
    "population": population_records.fill,
}


def rows(stores: Path, register: str, sql: str) -> list[bytes]:
    """Return the first column of *sql* over the whole store of *register*."""
    opened = store.opened(stores, register, FILLS[register], seed=20261121, people=5_000)
    try:
        return [row[0] for row in opened.execute(sql)]
    finally:
        opened.close()


def whole(register: str, document: bytes) -> Any:
    """Return a stored document as it is sent; civil status answers begin with their own number."""
    return json.loads(b'{"soTraCuu":"ht-1",' + document if register == "civil" else document)


@pytest.mark.parametrize(("register", "schema", "sql"), DOCUMENTS)
def test_every_stored_answer_fits_its_schema(
    stores: Path, register: str, schema: str, sql: str
) -> None:
    """One odd record out of thousands would break an exchange."""
    components = contract(register)["components"]
    validator = jsonschema_rs.Draft202012Validator(
        {"components": components, "$ref": f"#/components/schemas/{schema}"}
    )
    documents = [whole(register, document) for document in rows(stores, register, sql)]

    assert documents
    assert [] == [one for one in documents if not validator.is_valid(one)]


@pytest.mark.parametrize(
    ("operation", "render"),
    [("TraCuuThongTinCongDan", _citizen), ("CungCapThongTinHoGiaDinh", _household)],
    ids=["citizen", "household"],
)
def test_every_person_of_the_population_register_fits_the_wsdl(
    stores: Path,
    operation: str,
    render: Any,
) -> None:
    """Partial dates, lost parents and old addresses among them."""
    schema = Contract()._schema
    odd = []
    for row in rows(stores, "population", "SELECT kept FROM person"):
        person = population_records._DECODER.decode(row)
        body = etree.fromstring(answer(operation, HEAD + render(person, {})))[0][0]
        if not schema.validate(etree.ElementTree(body)):
            odd.append(person.number)

    assert [] == odd
