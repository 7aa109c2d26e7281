"""A real proxy in front ends TLS and hands over whose certificate it saw; nobody else can."""

import json
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from msgspec import Struct

from auth.client import client_assertion, token_form
from auth.forms import FORM
from auth.settings_people import SignOnSettings
from gateway.demo.processes import free_port
from gateway.demo.province import Province
from tests.bound import HEADERS as SOMEBODYS_CERTIFICATE
from tests.certificates import Authority
from tests.province import ANH, PERMIT, leaves_of

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "nginx-mtls.conf"
AROUND = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/mtls.conf;
}}
"""
CLIENT = "motcua-xa"
PATH = "/v1/data/dancu.xacthuc"
PATIENCE_S = 30.0


class Proxy(Struct):
    """The proxy, and callers' certificates that it may see."""

    port: int
    authority: Authority
    province: Province

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], certificate: str | None
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Send one request over a connection that shows *certificate*, or none."""
        context = ssl.create_default_context(cafile=self.authority.file)
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(*self.authority.certify(certificate))
        return self._sent(context, path, body, headers)

    def _sent(
        self, context: ssl.SSLContext, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=context)
        try:
            connection.request("POST", path, body, dict(headers))
            reply = connection.getresponse()
            named = {name.lower(): value for name, value in reply.getheaders()}
            return reply.status, named, json.loads(reply.read())
        finally:
            connection.close()

    def ask(
        self, token: str, certificate: str | None, **headers: str
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Put the question with *token*."""
        body = json.dumps({"subject": ANH, **PERMIT}).encode()
        named = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self.post(PATH, body, named | headers, certificate)

    def token(self, certificate: str | None) -> dict[str, Any]:
        """Ask for a token."""
        key, issuer = self.province.keys[CLIENT], self.province.gateway
        made = client_assertion(key.private, client_id=CLIENT, audience=issuer, now=time.time())
        form = {"Content-Type": FORM}
        return self.post("/oauth/token", token_form(made), form, certificate)[2]


class Kept(Authority):
    """An authority that certifies each name once: a caller keeps its certificate."""

    def certify(self, host: str, password: bytes | None = None) -> tuple[Path, Path]:
        """Return the files of *host*."""
        files = self._folder / f"{host}.crt", self._folder / f"{host}.key"
        return files if files[0].exists() else super().certify(host, password)


@pytest.fixture(scope="module")
def proxy(province: Province) -> Iterator[Proxy]:
    """Give the proxy of the documentation's example."""
    folder = Path(tempfile.mkdtemp(prefix="motlan-nginx-"))
    authority, port = Kept(folder), free_port(0)
    certificate, key = authority.certify("lgsp.example")
    text = EXAMPLE.read_text(encoding="utf-8")
    said = {
        "LGSP_GATEWAY": urlsplit(province.gateway).netloc,
        "LGSP_LISTEN": f"127.0.0.1:{port}",
        "LGSP_NAME": "lgsp.example",
        "LGSP_CERTIFICATE": str(certificate),
        "LGSP_KEY": str(key),
        "LGSP_SECRET": "not agreed in this test",
    }
    for name, value in said.items():
        text = text.replace(name, value)
    (folder / "mtls.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder), encoding="utf-8")
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")])
    try:
        until = time.monotonic() + PATIENCE_S
        while not (folder / "pid").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Proxy(port, authority, province)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def token(proxy: Proxy) -> str:
    """Give a token that is bound to the certificate of one machine."""
    answer = proxy.token("may-chu-a")
    assert "Bearer" == answer["token_type"]
    return str(answer["access_token"])


def test_the_machine_that_got_the_token_is_answered(proxy: Proxy, token: str) -> None:
    """TLS proves its key, the proxy says which, the token names it, and so does the record."""
    status, headers, body = proxy.ask(token, "may-chu-a")

    assert 200 == status, body
    (leaf,) = leaves_of(proxy.province, headers["lgsp-exchange-id"])
    assert 43 == len(leaf["actor"]["cnf"])


@pytest.mark.parametrize(
    ("machine", "code"), [("may-chu-b", "certificate_mismatch"), (None, "certificate_missing")]
)
def test_another_machine_with_the_same_token_is_not(
    proxy: Proxy, token: str, machine: str | None, code: str
) -> None:
    """A token that was stolen from a log, a disk, or a memory is of no use elsewhere."""
    status, _, body = proxy.ask(token, machine)

    assert (401, code) == (status, body["code"])


def test_a_header_that_a_caller_writes_itself_never_arrives(proxy: Proxy, token: str) -> None:
    """The proxy replaces it: with a certificate by its own, without one by nothing."""
    for machine, code in ((None, "certificate_missing"), ("may-chu-b", "certificate_mismatch")):
        status, _, body = proxy.ask(token, machine, **SOMEBODYS_CERTIFICATE)
        assert (401, code) == (status, body["code"])


def test_without_a_certificate_and_without_a_proof_there_is_no_token(proxy: Proxy) -> None:
    """Whatever the caller writes beside it."""
    assert "binding_required" == proxy.token(None)["code"]


def test_sign_ons_are_bounded_by_the_address_that_the_proxy_was_asked_from(proxy: Proxy) -> None:
    """Behind one proxy stands everybody: a flood shuts out itself, and no office beside it."""
    context = ssl.create_default_context(cafile=proxy.authority.file)
    context.check_hostname = False
    most = SignOnSettings().per_minute

    def begin(client: httpx.Client, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return client.get("/sign-on/nowhere", headers=headers).status_code

    base = f"https://127.0.0.1:{proxy.port}"
    with httpx.Client(base_url=base, verify=context, timeout=PATIENCE_S, trust_env=False) as client:
        office = begin(client, "198.51.100.7")
        flood = [begin(client, "203.0.113.9") for _ in range(2 * most)]
        beside = begin(client, "198.51.100.7")

    assert (404, 404) == (office, beside)
    assert {404, 429} == set(flood)
    assert flood.count(404) >= most / 2
