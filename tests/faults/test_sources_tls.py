"""A source behind TLS, and everything that may be wrong with it."""

import ssl
from pathlib import Path

import pytest

from adapters.errors import AdapterMisconfigured, SourceUnavailable
from adapters.settings import SourceSettings
from adapters.through_httpx import HttpxClient
from tests.certificates import Authority
from tests.faults.test_sources import ask, asking
from tests.hostile import OK, hostile, saying


def serving(certificate: tuple[Path, Path], clients: Path | None = None) -> ssl.SSLContext:
    """Return a server's context; with *clients*, it demands a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Give an authority of this test alone."""
    return Authority(tmp_path)


async def test_a_proven_source_is_spoken_to(authority: Authority) -> None:
    """The usual case: the name in the address is the name in the certificate."""
    async with (
        hostile(saying(OK), serving(authority.certify("localhost"))) as server,
        asking(HttpxClient, server.url_for("localhost"), tls={"ca_file": authority.file}) as client,
    ):
        for _ in range(2):
            assert b"{}" == (await ask(client)).body
        assert 1 == server.connections


async def test_a_named_server_is_proven_by_that_name(authority: Authority) -> None:
    """A source reached by address, or through a relay, has a name of its own."""
    tls = {"ca_file": authority.file, "server_name": "dancu.example.vn"}
    async with (
        hostile(saying(OK), serving(authority.certify("dancu.example.vn"))) as server,
        asking(HttpxClient, server.url_for("127.0.0.1"), tls=tls) as client,
    ):
        assert b"{}" == (await ask(client)).body


async def test_another_name_is_not_believed(authority: Authority) -> None:
    """Somebody else's valid certificate proves somebody else."""
    async with (
        hostile(saying(OK), serving(authority.certify("other.example.vn"))) as server,
        asking(HttpxClient, server.url_for("localhost"), tls={"ca_file": authority.file}) as client,
    ):
        with pytest.raises(SourceUnavailable, match="TLS"):
            await ask(client)


async def test_another_authority_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    """Only the authority that the operator named."""
    other = Authority(tmp_path, "other")
    async with (
        hostile(saying(OK), serving(authority.certify("localhost"))) as server,
        asking(HttpxClient, server.url_for("localhost"), tls={"ca_file": other.file}) as client,
    ):
        with pytest.raises(SourceUnavailable, match="TLS"):
            await ask(client)


async def test_a_source_without_tls_is_not_spoken_to_in_the_clear(authority: Authority) -> None:
    """No question leaves before the source has proven itself."""
    async with (
        hostile(saying(OK)) as server,
        asking(
            HttpxClient, f"https://localhost:{server.port}", tls={"ca_file": authority.file}
        ) as client,
    ):
        with pytest.raises(SourceUnavailable):
            await ask(client)


async def test_we_prove_ourselves_with_a_locked_key(authority: Authority) -> None:
    """A source that demands a client certificate gets ours."""
    certificate, key = authority.certify("motlan.example.vn", b"open sesame")
    tls = {
        "ca_file": authority.file,
        "cert_file": certificate,
        "key_file": key,
        "key_password": "open sesame",
    }
    context = serving(authority.certify("localhost"), clients=authority.file)
    async with (
        hostile(saying(OK), context) as server,
        asking(HttpxClient, server.url_for("localhost"), tls=tls) as client,
    ):
        assert b"{}" == (await ask(client)).body


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_a_key_that_does_not_open_stops_the_process(
    authority: Authority, password: str | None
) -> None:
    """At start, without asking on a terminal that nobody watches."""
    certificate, key = authority.certify("motlan.example.vn", b"open sesame")
    tls = {"cert_file": certificate, "key_file": key, "key_password": password}
    settings = SourceSettings.model_validate({"base_url": "https://localhost", "tls": tls})

    with pytest.raises(AdapterMisconfigured, match="TLS files"):
        await HttpxClient("land", settings).open()


async def test_an_address_outside_the_listed_networks_stops_the_process() -> None:
    """An address in figures is judged at start; a name when it is first needed."""
    settings = SourceSettings.model_validate(
        {"base_url": "https://127.0.0.1", "networks": ["10.20.0.0/16"]}
    )

    with pytest.raises(AdapterMisconfigured, match="networks"):
        await HttpxClient("land", settings).open()
