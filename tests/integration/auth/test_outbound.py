"""The one way out: where it goes, where it does not, and how much it takes."""

import asyncio
import os
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from auth.outbound import LARGEST_BYTES, Outbound, Unreachable, acceptable
from tests.certificates import Authority
from tests.scripted_provider import Said, Script, a_script
from tests.sign_on_builders import LOOPBACK

OUTBOUND = Outbound(networks=(*LOOPBACK, ip_network("::1/128")))


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """Give somebody to ask."""
    async with a_script() as made:
        made.lines["/here"] = Said(200, b"found", (("X-Name", "value"),))
        yield made


async def test_a_question_names_the_host_and_nothing_about_us(script: Script) -> None:
    """What is sent is what was asked to be sent."""
    found = await OUTBOUND.get(f"{script.base}/here#fragment", headers={"Accept": "text/plain"})
    asked = script.asked[0]

    assert (200, b"found", "value") == (found.status, found.body, found.headers["x-name"])
    assert script.base.removeprefix("http://") == asked.headers["host"]
    assert ("/here", "text/plain", "identity") == (
        asked.path,
        asked.headers["accept"],
        asked.headers["accept-encoding"],
    )
    assert "Fetched(status=200)" == repr(found)


async def test_a_form_travels_as_a_form(script: Script) -> None:
    """And a body as it is."""
    script.lines["/form"] = Said()
    await OUTBOUND.post(f"{script.base}/form", form={"a": "b c&", "đ": "é"})
    await OUTBOUND.post(f"{script.base}/form", body=b"{}", headers={"Content-Type": "text/x"})

    assert {"a": "b c&", "đ": "é"} == script.asked[0].form
    assert ("application/x-www-form-urlencoded", "text/x", b"{}") == (
        script.asked[0].headers["content-type"],
        script.asked[1].headers["content-type"],
        script.asked[1].body,
    )


async def test_a_redirect_is_an_answer(script: Script) -> None:
    """The address that was judged is the only one that is asked."""
    script.lines["/moved"] = Said(302, b"", (("Location", f"{script.base}/here"),))

    assert 302 == (await OUTBOUND.get(f"{script.base}/moved")).status
    assert ["/moved"] == [asked.path for asked in script.asked]


REFUSED = [
    *(
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "https://192.168.1.1/",
        "http://0.0.0.0/",
    ),
    *(
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "",
        "http://",
    ),
    *("http://user:word@127.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/"),
    *("https://[2002:a00:1::]/", "http://[fe80::1]/", "http://2130706433.example.invalid/"),
    *("http://224.0.0.1/", "https://0x0a000001/", "https://167772161/", "http://127.0.0.1:99999/"),
    "http://127.0.0.1\n.example/",
]


@pytest.mark.parametrize("url", REFUSED)
async def test_an_address_that_nobody_listed_is_not_dialled(url: str) -> None:
    """A provider's metadata must not make us ask our own network; nothing is quoted."""
    with pytest.raises(Unreachable) as refused:
        await OUTBOUND.get(url)
    assert not url or url not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_this_host_too_has_to_be_listed(script: Script) -> None:
    """Loopback is a private network like others; localhost leads there."""
    for base in (script.base, script.base.replace("127.0.0.1", "localhost")):
        with pytest.raises(Unreachable):
            await Outbound().get(f"{base}/here")
    assert [] == script.asked
    listed = await OUTBOUND.get(f"{script.base.replace('127.0.0.1', 'localhost')}/here")
    assert 200 == listed.status


@pytest.mark.parametrize(
    ("address", "good"),
    [
        *(("93.184.216.34", True), ("2606:4700::1111", True), ("10.1.2.3", True)),
        *(("10.2.0.1", False), ("100.64.0.1", False), ("198.18.0.1", False), ("fc00::1", False)),
        *(("fec0::1", False), ("::127.0.0.1", False), ("::ffff:0:127.0.0.1", False)),
        *(("64:ff9b::a01:203", False), ("2002:a01:203::", False), ("2001::1", False)),
        *(("::", False), ("ff02::1", False), ("::ffff:93.184.216.34", False), ("240.0.0.1", False)),
    ],
)
def test_public_addresses_and_listed_ranges_are_acceptable(address: str, *, good: bool) -> None:
    """An address inside another address is judged by nobody, so it is refused."""
    assert good is acceptable(ip_address(address), (ip_network("10.1.0.0/16"),))


async def test_an_answer_has_an_end(script: Script) -> None:
    """Memory is for people who sign on."""
    script.lines["/long"] = Said(200, b"x" * LARGEST_BYTES)
    script.lines["/longer"] = Said(200, b"x" * (LARGEST_BYTES + 1))

    assert LARGEST_BYTES == len((await OUTBOUND.get(f"{script.base}/long")).body)
    with pytest.raises(Unreachable):
        await OUTBOUND.get(f"{script.base}/longer")


async def test_silence_has_an_end(script: Script) -> None:
    """Somebody is waiting in front of a screen."""
    script.lines["/silent"] = Said(after_s=60)

    with pytest.raises(Unreachable) as refused:
        await Outbound(networks=LOOPBACK, timeout_s=0.2).get(f"{script.base}/silent")
    assert "no answer in time" == refused.value.fact


@pytest.mark.parametrize(
    "line",
    [
        Said(200, b"x", (("Content-Encoding", "gzip"),)),
        Said(200, b"x", (("Content-Length", "5000"),)),
        Said(200, b"", (("Bad Header\x00", "x"),)),
    ],
    ids=["compressed", "cut", "not HTTP"],
)
async def test_an_answer_that_is_not_whole_is_none(script: Script, line: Said) -> None:
    """Half a key set is not a key set; a packed one may be a bomb."""
    script.lines["/odd"] = line

    with pytest.raises(Unreachable):
        await OUTBOUND.get(f"{script.base}/odd")


async def test_nobody_at_home_is_said_without_a_name() -> None:
    """The fact goes to a log; the address may hold what does not belong there."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    with pytest.raises(Unreachable) as refused:
        await OUTBOUND.get(f"http://127.0.0.1:{port}/secret")
    assert "secret" not in str(refused.value)


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    del receive
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
async def over_tls(tmp_path: Path) -> AsyncIterator[tuple[int, Path]]:
    """Give the port of a server for localhost, and who certified it."""
    authority = Authority(tmp_path)
    certificate, key = authority.certify("localhost")
    config = uvicorn.Config(
        _hello,
        port=0,
        log_config=None,
        lifespan="off",
        ssl_certfile=os.fspath(certificate),
        ssl_keyfile=os.fspath(key),
    )
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve())
    async with asyncio.timeout(30):
        while not server.started:
            await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1], authority.file
    server.should_exit = True
    await running


async def test_the_name_is_proven_though_an_address_is_dialled(
    over_tls: tuple[int, Path],
) -> None:
    """Pinning the address must not cost the proof of the name."""
    port, trusted = over_tls
    outbound = Outbound(networks=LOOPBACK, ca_file=trusted)

    assert b"hello" == (await outbound.get(f"https://localhost:{port}/")).body
    with pytest.raises(Unreachable):  # certified for localhost, and for no address
        await outbound.get(f"https://127.0.0.1:{port}/")
    with pytest.raises(Unreachable):  # certified by somebody whom this machine does not know
        await Outbound(networks=LOOPBACK).get(f"https://localhost:{port}/")


def test_an_authority_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    """At the start, not at the first sign-on."""
    with pytest.raises(Unreachable):
        Outbound(ca_file=tmp_path / "missing.pem")
