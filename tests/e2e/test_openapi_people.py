"""Strangers' eyes on the routes of sign-on and of one's own sessions."""

import pytest
from schemathesis import GenerationMode

from auth.people import Role
from gateway.calling.wire import send
from gateway.demo.province import Province
from tests.e2e.test_openapi import Api, put_to
from tests.people import token_for

ROUTES = [
    ("GET", "/sign-on"),
    ("GET", "/sign-on/{provider}"),
    ("GET", "/sign-on/{provider}/callback"),
    ("POST", "/sign-on/{provider}/backchannel"),
    ("POST", "/sign-on/step-up"),
    ("POST", "/sign-out"),
    ("GET", "/sign-on/jwks"),
    ("GET", "/me"),
    ("GET", "/me/sessions"),
    ("DELETE", "/me/sessions/{session}"),
    ("POST", "/me/sessions/end-all"),
]


@pytest.fixture
def api(province: Province) -> Api:
    """Fetch the document, and sign somebody on by a token of the test issuer."""
    document = send(province.gateway, "GET", "/schema/openapi.json").body
    token = token_for(province, role=Role.OFFICIAL)
    return Api(province.admin, document, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("known", [True, False], ids=["signed on", "nobody"])
def test_what_anybody_sends_is_answered_as_documented(
    api: Api, route: tuple[str, str], *, known: bool
) -> None:
    """No 5xx of ours, no undocumented status, no other shape than promised."""
    headers = api.headers if known else {}

    assert 0 < put_to(api, route, GenerationMode.POSITIVE, headers)
