"""What we send, held against the contracts of the wire: the other side's word, not ours."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - it brings no types

from adapters.errors import SourceError
from adapters.protocol import PartialDate, Query, Subject
from tests.connectors import a_query, an_adapter
from tests.hostile import framed, hostile
from tests.registers import CONTRACTS, questions

ANH = Subject(so_dinh_danh="003190000123", ho_ten="Nguyễn Thị Ánh", ngay_sinh="1990-02-01")
BUSY = framed(b"{}", status=b"503 Busy")
TOKEN = framed(b'{"access_token": "t", "token_type": "Bearer", "expires_in": 300}')
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Sent = list[tuple[str, bytes]]


@asynccontextmanager
async def recording(name: str) -> AsyncGenerator[tuple[str, Sent]]:
    """Give the address of a register that is always busy, and all it hears."""
    heard: Sent = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            found = re.search(r"(?i)content-length: (\d+)", head)
            assert found is not None
            heard.append((head, await reader.readexactly(int(found[1]))))
            writer.write(TOKEN if " /token " in head else BUSY)

    async with hostile(listen) as server:
        assert name
        yield server.url, heard


async def sent(name: str, query: Query) -> list[tuple[str, str, bytes]]:
    """Return path, head and body of every request that *query* leads to."""
    async with recording(name) as (url, heard):
        adapter = an_adapter(name, url, retries=0)
        await adapter.open()
        query = msgspec.structs.replace(query, traceparent=TRACE)
        with pytest.raises(SourceError):
            await adapter.fetch(query)
        await adapter.aclose()
    return [(head.split(" ")[1], head, body) for head, body in heard]


def schema() -> etree.XMLSchema:
    """Return the schemas inside the population register's WSDL, as one that can be compiled."""
    spaces = {"xs": "http://www.w3.org/2001/XMLSchema"}
    wsdl = etree.parse(str(CONTRACTS / "population.wsdl"))
    data, calls = wsdl.findall(".//xs:schema", spaces)
    folder = {"data.xsd": etree.tostring(data)}
    importing = calls.find("xs:import", spaces)
    assert importing is not None
    importing.set("schemaLocation", "data.xsd")

    class Inside(etree.Resolver):
        def resolve(self, system_url: str, public_id: str, context: object) -> object:
            del public_id
            return self.resolve_string(folder[system_url.rpartition("/")[2]], context)

    parser = etree.XMLParser()
    parser.resolvers.add(Inside())
    return etree.XMLSchema(etree.fromstring(etree.tostring(calls), parser))


SUBJECTS = {
    "usual": ANH,
    "year only": msgspec.structs.replace(ANH, ngay_sinh=PartialDate(1950)),
    "month and year": msgspec.structs.replace(ANH, ngay_sinh=PartialDate(1950, 3)),
    "rare marks": msgspec.structs.replace(ANH, ho_ten="Tôn Nữ Thuỵ Khuê & <Uyển> Nhữ Ỷ Vỹ"),
}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=list(SUBJECTS))
@pytest.mark.parametrize(
    ("service", "fields"),
    [
        ("dancu.xacthuc", ("khop",)),
        ("dancu.xacminhnoio", ("khop",)),
        ("dancu.honnhan", ("tinh_trang_hon_nhan",)),
        ("dancu.tinhtrangsong", ("tinh_trang_song",)),
        ("dancu.tracuu", ("ho_ten", "ngay_sinh", "que_quan", "so_dinh_danh")),
        ("dancu.tracuu", ("so_dinh_danh",)),
        ("dancu.hogiadinh", ("chu_ho",)),
    ],
)
async def test_population_hears_what_its_schema_says(
    service: str, fields: tuple[str, ...], subject: Subject
) -> None:
    """Element order, codes and forms are the register's."""
    subject = msgspec.structs.replace(subject, ma_xa="99003")

    ((path, head, body),) = await sent("population", a_query(service, subject, *fields))

    call = etree.fromstring(body)[0][0]
    schema().assertValid(etree.fromstring(etree.tostring(call)))
    assert "/dancu/1.0" == path
    assert f'SOAPAction: "http://dancuquocgia.bca/{etree.QName(call).localname}"' in head


async def test_population_is_asked_for_no_more_than_needed() -> None:
    """Least data begins with the question."""
    ((_, _, body),) = await sent("population", a_query("dancu.tracuu", ANH, "thuong_tru", "ho_ten"))

    wanted = etree.fromstring(body).find(".//{http://dancuquocgia.bca}TruongThongTin")
    assert wanted is not None
    assert "HoVaTen ThuongTru" == wanted.text


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=list(SUBJECTS))
@pytest.mark.parametrize(
    ("name", "service", "path", "fields"),
    [
        ("land", "datdai.gcn", "/api/v1/giay-chung-nhan/tim-kiem", ("thua_dat",)),
        ("land", "datdai.thua", "/api/v1/thua-dat/tim-kiem", ("dien_tich",)),
        ("land", "datdai.xacminhchu", "/api/v1/chu-su-dung/xac-minh", ("khop",)),
        ("insurance", "baohiem.the", "/bhxh/v2/the-bhyt", ("tu_ngay",)),
        ("insurance", "baohiem.quatrinh", "/bhxh/v2/qua-trinh", ("qua_trinh",)),
        ("insurance", "baohiem.huong", "/bhxh/v2/dang-huong", ("dang_huong",)),
        ("insurance", "baohiem.huong", "/bhxh/v2/dang-huong", ("loai_huong",)),
        ("civil", "hotich.khaisinh", "/hotich/v1/khai-sinh", ("cha",)),
        ("civil", "hotich.khaitu", "/hotich/v1/khai-tu", ("ngay_mat",)),
        ("civil", "hotich.kethon", "/hotich/v1/ket-hon", ("vo_chong",)),
    ],
)
async def test_the_others_hear_what_their_contracts_say(
    name: str, service: str, path: str, fields: tuple[str, ...], subject: Subject
) -> None:
    """Members, forms and paths are the register's."""
    subject = msgspec.structs.replace(
        subject, ma_xa="99003", so_to="12", so_thua="207", so_phat_hanh="AA 00419027"
    )

    *_, (asked, _, body) = await sent(name, a_query(service, subject, *fields))

    assert path == asked
    questions(name, path).validate(json.loads(body))


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("population", "dancu.tracuu"),
        ("land", "datdai.gcn"),
        ("insurance", "baohiem.the"),
        ("civil", "hotich.kethon"),
    ],
)
async def test_no_person_stands_in_a_head_and_both_traces_do(name: str, service: str) -> None:
    """Heads end up in the logs of proxies; bodies do not."""
    query = a_query(service, ANH, "ho_ten")

    for _, head, _ in await sent(name, query):
        assert "003190000123" not in head
        assert "1990" not in head
        assert f"X-Correlation-Id: {query.exchange_id}\r\n" in head
        assert f"traceparent: {TRACE}\r\n" in head
