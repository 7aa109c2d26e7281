"""Strangers' eyes on the auditors' routes: generated questions, judged by the served document."""

import itertools

import pytest
from schemathesis import GenerationMode

from auth.people import Role
from gateway.calling.wire import send
from gateway.demo.province import Province
from tests.e2e.test_openapi import Api, put_to
from tests.people import token_for

ROUTES = [
    ("GET", "/v1/audit/index"),
    ("GET", "/v1/audit/records/{index}"),
    ("GET", "/v1/audit/records/{index}/proof"),
    ("GET", "/v1/audit/saved-searches"),
    ("POST", "/v1/audit/saved-searches"),
    ("DELETE", "/v1/audit/saved-searches/{saved}"),
    ("POST", "/v1/audit/search"),
    ("POST", "/v1/audit/inquiries"),
    ("POST", "/v1/audit/timelines"),
    ("GET", "/v1/audit/exports"),
    ("POST", "/v1/audit/exports"),
    ("GET", "/v1/audit/exports/{job}"),
    ("DELETE", "/v1/audit/exports/{job}"),
    ("GET", "/v1/audit/exports/{job}/file"),
    ("GET", "/v1/findings"),
    ("GET", "/v1/findings/{finding}"),
    ("POST", "/v1/findings/{finding}/confirm"),
    ("POST", "/v1/findings/{finding}/dismiss"),
    ("GET", "/audit/log/checkpoint"),
    ("GET", "/audit/log/keys"),
    ("GET", "/audit/log/tile/{place}"),
    ("GET", "/audit/log/tile/entries/{place}"),
]
# A judgement with a reason too long for its body is answered 413, which the judge of negative data
# does not count among refusals.
QUESTIONS = [
    route for route in ROUTES if route[0] == "POST" and not route[1].startswith("/v1/findings/")
]
ACCOUNTS = itertools.count()


@pytest.fixture
def api(province: Province) -> Api:
    """Fetch the document, and sign somebody on who has not searched yet."""
    account = f"kt-api-{next(ACCOUNTS)}"
    document = send(province.gateway, "GET", "/schema/openapi.json").body
    token = token_for(province, role=Role.AUDITOR, account=account)
    return Api(province.admin, document, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("known", [True, False], ids=["signed on", "nobody"])
def test_what_anybody_sends_is_answered_as_documented(
    api: Api, route: tuple[str, str], *, known: bool
) -> None:
    """No 5xx of ours, no undocumented status, no other shape than promised."""
    headers = api.headers if known else {}

    assert 0 < put_to(api, route, GenerationMode.POSITIVE, headers)


@pytest.mark.parametrize("route", QUESTIONS, ids=" ".join)
def test_bodies_of_no_form_are_refused_as_documented(api: Api, route: tuple[str, str]) -> None:
    """Wrong types, unknown members, bounds exceeded."""
    headers = api.headers

    assert 0 < put_to(api, route, GenerationMode.NEGATIVE, headers)
