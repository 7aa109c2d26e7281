"""Every way to misbehave, as a caller sees it on the wire of every register."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from mocks.faults import OVERSIZE_BYTES, Fault
from mocks.serving import PORTS, serving
from mocks.soap import Contract
from tests.registers import (
    ANH,
    LAND_HEADERS,
    answers,
    asked_so_far,
    envelope,
    etree,
    insurance_token,
    misbehave,
    population_headers,
)

Ask = Callable[[], Awaitable[httpx.Response]]
CARD = "/bhxh/v2/the-bhyt"
CERTIFICATES = "/api/v1/giay-chung-nhan/tim-kiem"
BIRTH = "/hotich/v1/khai-sinh"
NUMBER = ANH["SoDinhDanh"]


@asynccontextmanager
async def asking(name: str, stores: Path) -> AsyncGenerator[tuple[str, Ask]]:
    """Serve *name*, and give its URL and a right question to it."""
    async with serving(name, stores) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        person = {"soDinhDanh": NUMBER, "hoTen": "Nguyễn Thị Ánh"}
        if name == "population":
            content = envelope("TraCuuThongTinCongDan", ANH)
            headers = population_headers()
            yield url, lambda: client.post("/dancu/1.0", content=content, headers=headers)
        elif name == "land":
            wanted = {"soGiayTo": NUMBER}
            yield url, lambda: client.post(CERTIFICATES, json=wanted, headers=LAND_HEADERS)
        elif name == "insurance":
            token = await insurance_token(url)
            yield url, lambda: client.post(CARD, json=person, headers=token)
        else:
            yield url, lambda: client.post(BIRTH, json=person, auth=("motlan", "hotich-demo"))


def agreed(name: str, body: bytes) -> bool:
    """Tell whether *body* is an answer as the contract of *name* says."""
    if name == "population":
        inside = etree.fromstring(body)[0][0]
        return bool(Contract()._schema.validate(etree.ElementTree(inside)))
    path = {"land": CERTIFICATES, "insurance": CARD, "civil": BIRTH}[name]
    return answers(name, path, 200).is_valid(json.loads(body))


every_register = pytest.mark.parametrize("name", list(PORTS))


@every_register
async def test_a_silent_register_keeps_the_connection_and_says_nothing(
    stores: Path, name: str
) -> None:
    """Only the caller's deadline ends this."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, Fault.SILENT)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(), 0.3)


async def test_a_slow_register_answers_rightly_and_late(stores: Path) -> None:
    """Late is not wrong: whoever can wait gets the answer."""
    loop = asyncio.get_running_loop()

    async def slowly(name: str) -> tuple[bool, bool]:
        async with asking(name, stores) as (url, ask):
            await misbehave(url, Fault.SLOW)
            started = loop.time()
            reply = await ask()
            return agreed(name, reply.content), loop.time() - started >= 4.9

    assert [(True, True)] * len(PORTS) == await asyncio.gather(*map(slowly, PORTS))


@every_register
async def test_garbage_has_the_right_type_and_is_noise(stores: Path, name: str) -> None:
    """Neither status nor headers warn of it."""
    async with asking(name, stores) as (url, ask):
        right = await ask()
        await misbehave(url, Fault.GARBLED)

        reply = await ask()

    assert (200, len(right.content)) == (reply.status_code, len(reply.content))
    assert right.headers["content-type"] == reply.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        reply.content.decode()


@every_register
@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.HALF_CLOSED])
async def test_a_broken_answer_ends_the_connection(stores: Path, name: str, fault: Fault) -> None:
    """Half an answer must never pass for a whole one."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, fault)

        with pytest.raises(httpx.RemoteProtocolError):
            await ask()


@every_register
async def test_an_oversize_answer_is_well_formed_and_huge(stores: Path, name: str) -> None:
    """Only a limit on size protects the caller's memory."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, Fault.OVERSIZE)

        reply = await ask()

    assert len(reply.content) > OVERSIZE_BYTES


@every_register
@pytest.mark.parametrize(
    ("fault", "status", "header", "value"),
    [
        (Fault.WRONG_CONTENT_TYPE, 200, "content-type", "text/html; charset=utf-8"),
        (Fault.REDIRECT, 302, "location", "http://127.0.0.1:9/elsewhere"),
        (Fault.BUSY, 503, "retry-after", "1"),
    ],
)
async def test_a_fault_in_status_or_header_shows_there(  # noqa: PLR0917 - columns of the table above
    stores: Path, name: str, fault: Fault, status: int, header: str, value: str
) -> None:
    """These are the faults a caller can see before the body."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, fault)

        reply = await ask()

    assert (status, value) == (reply.status_code, reply.headers[header])


@every_register
async def test_a_failing_register_fails_in_its_own_words(stores: Path, name: str) -> None:
    """A 500 of ours would hide how theirs looks."""
    words = {
        "population": b"HE_THONG",
        "land": b"maLoi",
        "insurance": b'"code":500',
        "civil": b'"error"',
    }
    async with asking(name, stores) as (url, ask):
        await misbehave(url, Fault.ERROR_500)

        reply = await ask()

    assert 500 == reply.status_code
    assert words[name] in reply.content


@every_register
async def test_an_answer_about_somebody_else_fits_the_contract(stores: Path, name: str) -> None:
    """The most dangerous fault looks perfectly right."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, Fault.WRONG_PERSON, times=2)

        first, second = await ask(), await ask()

    assert agreed(name, first.content)
    assert NUMBER.encode() not in first.content
    assert len(first.content) == len(second.content)


@every_register
async def test_a_drifted_answer_is_well_formed_and_outside_the_contract(
    stores: Path, name: str
) -> None:
    """A register that changes its shape overnight sends no error."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, Fault.SCHEMA_DRIFT)

        reply = await ask()

    assert 200 == reply.status_code
    assert not agreed(name, reply.content)


@every_register
async def test_a_fault_lasts_as_many_answers_as_ordered(stores: Path, name: str) -> None:
    """A breaker test orders five failures and then health."""
    async with asking(name, stores) as (url, ask):
        await misbehave(url, Fault.BUSY, times=2)
        counted = [(await ask()).status_code for _ in range(3)]
        await misbehave(url, Fault.BUSY, times=-1)
        lasting = [(await ask()).status_code for _ in range(3)]
        await misbehave(url, Fault.BUSY, times=0)

        cleared = (await ask()).status_code

    assert [503, 503, 200] == counted
    assert [503, 503, 503] == lasting
    assert 200 == cleared


async def test_asking_for_a_token_uses_up_no_fault(stores: Path) -> None:
    """A fault is ordered for a question; the token before it would swallow it."""
    async with asking("insurance", stores) as (url, ask):
        await misbehave(url, Fault.BUSY)
        await insurance_token(url)

        assert 503 == (await ask()).status_code


async def test_a_question_that_went_wrong_was_still_asked(stores: Path) -> None:
    """The register has seen the number, whatever became of the answer."""
    async with asking("land", stores) as (url, ask):
        await misbehave(url, Fault.GARBLED)
        await ask()

        assert ["timGiayChungNhan"] == [one["operation"] for one in await asked_so_far(url)]
