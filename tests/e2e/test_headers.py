"""What answers of every kind tell a browser, at both doors."""

import httpx
import pytest

from gateway.demo.province import Province

ALWAYS = {
    "content-security-policy",
    "cross-origin-opener-policy",
    "referrer-policy",
    "x-content-type-options",
}
KINDS = {
    "somebody unknown asks for data of people": ("GET", "/me", 401),
    "a public list": ("GET", "/sign-on", 200),
    "a page": ("GET", "/signed-out", 200),
    "its style": ("GET", "/sign-on/page.css", 200),
    "nothing is there": ("GET", "/nowhere", 404),
    "another method": ("PUT", "/me", 405),
    "a form of no provider": ("POST", "/sign-on/nobody/backchannel", 400),
    "public keys": ("GET", "/oauth/jwks", 200),
    "the API document": ("GET", "/schema/openapi.json", 200),
}


@pytest.mark.parametrize(("method", "path", "status"), KINDS.values(), ids=KINDS)
def test_every_kind_of_answer_is_framed_run_and_told_nowhere(
    province: Province, method: str, path: str, status: int
) -> None:
    """Also errors, and what the framework answers by itself."""
    answer = httpx.request(method, province.gateway + path, timeout=20, trust_env=False)

    assert status == answer.status_code
    assert set() == ALWAYS - answer.headers.keys()
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "no-referrer" == answer.headers["referrer-policy"]
    # A demonstration has no https to come by.
    assert "strict-transport-security" not in answer.headers


def test_a_wrong_method_is_told_the_right_ones(province: Province) -> None:
    """Whoever mistypes learns what the route does have (RFC 9110 15.5.6)."""
    allowed = {
        path: {*httpx.put(province.gateway + path, trust_env=False).headers["allow"].split(", ")}
        for path in ("/me", "/sign-out")
    }

    assert {"/me": {"GET", "OPTIONS"}, "/sign-out": {"POST", "OPTIONS"}} == allowed


@pytest.mark.parametrize("door", ["gateway", "admin"])
def test_what_is_somebodys_is_kept_nowhere(province: Province, door: str) -> None:
    """A shared computer's cache is the next person's."""
    for path in ("/me", "/me/sessions", "/sign-on", "/v1/own/accesses", "/v1/accounts"):
        answer = httpx.get(getattr(province, door) + path, timeout=20, trust_env=False)
        assert "no-store" == answer.headers["cache-control"], path
