"""A browser in code, and a system that signs officials on, at the stand-in of the sign-on."""

import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from auth.client import ClientKey, new_client_key
from auth.jose import payload_of
from gateway.calling.wire import Unanswered
from gateway.demo.browsing import Browser, Lost
from gateway.demo.counter import Counter, NotSignedOn
from tests.sso import a_provider_process

SYSTEM, CALLBACK = "bhxh-tinh", "https://bhxh-tinh.example/dang-nhap"
GATEWAY = "http://127.0.0.1:8100"
KEY = new_client_key()


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Give a running stand-in that knows the system."""
    with a_provider_process() as running:
        door(running, "PUT", f"clients/{SYSTEM}?realm=staff", registration(KEY))
        yield running


def registration(key: ClientKey) -> dict[str, object]:
    """Return what the stand-in is told of the system."""
    return {"redirect_uris": [CALLBACK], "jwks": {"keys": [key.public]}}


def door(base: str, method: str, path: str, body: object = None) -> None:
    """Use one of the stand-in's own doors."""
    content = b"" if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{base}/__{path}", content, method=method), timeout=20) as answer:
        assert 200 == answer.status


def a_counter(base: str, key: ClientKey = KEY) -> Counter:
    """Return the counter of the system."""
    issuer = f"{base}/realms/staff"
    return Counter(issuer, SYSTEM, key, callback=CALLBACK, resource=GATEWAY)


def test_an_official_signs_on_and_the_system_holds_a_token_for_the_gateway(base: str) -> None:
    """It names the gateway alone, the system, and who signed on how strongly."""
    token = a_counter(base).token_of(Browser("cb-0005", level=2), level=2)

    said = json.loads(payload_of(token))
    assert ([GATEWAY], SYSTEM) == (
        said["aud"] if isinstance(said["aud"], list) else [said["aud"]],
        said["client_id"],
    )
    assert ("CB-0005", "urn:motlan:acr:2") == (said["ma_can_bo"], said["acr"])


@pytest.mark.parametrize("lie", ["wrong-state", "missing-state", "wrong-iss", "missing-iss"])
def test_an_answer_to_another_attempt_is_not_redeemed(base: str, lie: str) -> None:
    """The demo's system is as careful as a real one has to be."""
    door(base, "POST", f"faults/{lie}?times=1&realm=staff")

    with pytest.raises(NotSignedOn):
        a_counter(base).token_of(Browser("cb-0005"))


def test_a_system_with_another_key_is_turned_away(base: str) -> None:
    """The provider proves the system before it believes anything else."""
    with pytest.raises(NotSignedOn, match="invalid_client"):
        a_counter(base, new_client_key()).token_of(Browser("cb-0005"))


def test_a_browser_stops_where_nobody_is_meant_to_go_on(base: str) -> None:
    """A page that is no sign-on's is the end; an address that leads nowhere is told as such."""
    page = Browser("cb-0005").visit(f"{base}/__health")

    assert page is not None
    assert 200 == page.status
    with pytest.raises(Unanswered):
        Browser("cb-0005").visit("http://127.0.0.1:9/")


def test_a_browser_that_is_sent_around_in_circles_gives_up() -> None:
    """Twelve redirects are more than any sign-on needs."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415
    from threading import Thread  # noqa: PLC0415

    class Circle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(303)
            self.send_header("Location", "/round")
            self.send_header("Set-Cookie", "a=1; Path=/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Circle)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    browser, home = Browser("cb-0005"), f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with pytest.raises(Lost, match="/round"):
            browser.visit(f"{home}/begin")
        assert {"a": "1"} == browser.cookies(home)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
