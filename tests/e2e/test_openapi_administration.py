"""Questions made from the API's own description, put to the routes of administration."""

import itertools
from typing import Any

import pytest
from schemathesis import GenerationMode

from auth.people import Role
from gateway.calling.wire import send
from gateway.demo.province import Province
from tests.e2e.test_openapi import Api, put_to
from tests.people import token_for

OPERATOR: dict[str, Any] = {"role": Role.OPERATOR}
REVIEWER: dict[str, Any] = {"role": Role.PRIVACY_OFFICER}
JUDGE: dict[str, Any] = {"role": Role.AUDITOR}
ROUTES: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/accounts"): OPERATOR,
    ("POST", "/v1/accounts"): OPERATOR,
    ("GET", "/v1/accounts/{account}"): OPERATOR,
    ("POST", "/v1/accounts/{account}/disable"): OPERATOR,
    ("POST", "/v1/accounts/{account}/enable"): OPERATOR,
    ("POST", "/v1/accounts/{account}/unlock"): OPERATOR,
    ("POST", "/v1/accounts/{account}/sessions/end"): OPERATOR,
    ("GET", "/v1/roles"): OPERATOR,
    ("GET", "/v1/role-grants"): OPERATOR,
    ("POST", "/v1/role-grants"): OPERATOR,
    ("POST", "/v1/role-grants/{grant}/decision"): OPERATOR,
    ("POST", "/v1/role-grants/{grant}/revocation"): OPERATOR,
    ("GET", "/v1/reviews"): REVIEWER,
    ("GET", "/v1/reviews/{review}/grants"): REVIEWER,
    ("POST", "/v1/reviews/{review}/grants/{grant}"): REVIEWER,
    ("GET", "/v1/break-glass"): JUDGE,
    ("POST", "/v1/break-glass/closing"): OPERATOR,
    ("POST", "/v1/break-glass/{emergency}/judgement"): JUDGE,
    ("POST", "/break-glass"): OPERATOR,
    ("GET", "/v1/systems"): OPERATOR,
    ("GET", "/v1/systems/{client_id}"): OPERATOR,
    ("PUT", "/v1/systems/{client_id}"): OPERATOR,
    ("POST", "/v1/systems/{client_id}/block"): OPERATOR,
    ("POST", "/v1/systems/{client_id}/resumption"): OPERATOR,
    ("POST", "/v1/systems/{client_id}/revocation"): OPERATOR,
    ("POST", "/v1/systems/{client_id}/rotation"): OPERATOR,
    ("POST", "/v1/systems/{client_id}/suspension"): OPERATOR,
    ("GET", "/v1/system-requests"): OPERATOR,
    ("GET", "/v1/system-requests/{request_id}"): OPERATOR,
    ("POST", "/v1/system-requests/{request_id}/decision"): OPERATOR,
    ("POST", "/v1/system-requests/{request_id}/withdrawal"): OPERATOR,
}
BODIES = [route for route in ROUTES if route[0] == "POST" and route[1] != "/v1/break-glass/closing"]
ACCOUNTS = itertools.count()


def api_of(province: Province, route: tuple[str, str]) -> Api:
    """Fetch the document, and sign somebody on who may call *route*."""
    document = send(province.admin, "GET", "/schema/openapi.json").body
    token = token_for(province, account=f"qt-api-{next(ACCOUNTS)}", **ROUTES[route])
    return Api(province.admin, document, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("route", sorted(ROUTES), ids=" ".join)
def test_what_administrators_send_is_answered_as_documented(
    province: Province, route: tuple[str, str]
) -> None:
    """No 5xx of ours, no undocumented status, no other shape than promised."""
    api = api_of(province, route)

    assert 0 < put_to(api, route, GenerationMode.POSITIVE, api.headers)


@pytest.mark.parametrize("route", BODIES, ids=" ".join)
def test_bodies_of_no_form_are_refused_as_documented(
    province: Province, route: tuple[str, str]
) -> None:
    """Wrong types, unknown members, bounds exceeded."""
    api = api_of(province, route)

    assert 0 < put_to(api, route, GenerationMode.NEGATIVE, api.headers)
