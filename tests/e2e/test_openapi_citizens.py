"""Strangers' eyes on the routes of citizens, agencies and seals, judged by the served document."""

import itertools
from typing import Any

import pytest
from schemathesis import GenerationMode

from auth.people import Role
from gateway.calling.wire import send
from gateway.demo.province import Province
from tests.e2e.test_openapi import ROUTES as SYSTEMS
from tests.e2e.test_openapi import Api, put_to
from tests.e2e.test_openapi_administration import ROUTES as ADMINISTRATION
from tests.e2e.test_openapi_audit import ROUTES as AUDITORS
from tests.e2e.test_openapi_people import ROUTES as PEOPLE
from tests.people import token_for
from tests.province import KHOI

CITIZEN = {"role": Role.CITIZEN, "agency": None, "so_dinh_danh": KHOI["so_dinh_danh"]}
ROUTES: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/own/accesses"): CITIZEN,
    ("GET", "/v1/own/summary"): CITIZEN,
    ("GET", "/v1/own/accesses/{index}/proof"): CITIZEN,
    ("GET", "/v1/own/days/{day}"): CITIZEN,
    ("GET", "/v1/own/days/{day}/proof"): CITIZEN,
    ("POST", "/v1/own/represented/accesses"): CITIZEN,
    ("GET", "/v1/own/questions"): CITIZEN,
    ("POST", "/v1/own/questions"): CITIZEN,
    ("POST", "/v1/own/questions/{question}/close"): CITIZEN,
    ("GET", "/v1/agency/questions"): {"role": Role.AGENCY_ADMINISTRATOR},
    ("POST", "/v1/agency/questions/{question}/acknowledgement"): {"role": Role.PRIVACY_OFFICER},
    ("POST", "/v1/agency/questions/{question}/answer"): {"role": Role.PRIVACY_OFFICER},
    ("GET", "/v1/public/seals"): CITIZEN,
    ("GET", "/v1/seals"): {"role": Role.AUDITOR},
    ("POST", "/v1/seals"): {"role": Role.OFFICIAL},
    ("GET", "/v1/seals/grounds"): CITIZEN,
    ("POST", "/v1/seals/{seal}/decision"): {"role": Role.PRIVACY_OFFICER},
    ("POST", "/v1/seals/{seal}/opening"): {"role": Role.PRIVACY_OFFICER},
}
BODIES = [
    ("POST", "/v1/own/represented/accesses"),
    ("POST", "/v1/own/questions"),
    ("POST", "/v1/agency/questions/{question}/answer"),
    ("POST", "/v1/seals"),
    ("POST", "/v1/seals/{seal}/decision"),
    ("POST", "/v1/seals/{seal}/opening"),
]
ACCOUNTS = itertools.count()


def api_of(province: Province, route: tuple[str, str]) -> Api:
    """Fetch the document, and sign somebody on who may call *route*."""
    document = send(province.gateway, "GET", "/schema/openapi.json").body
    account = f"dan-api-{next(ACCOUNTS)}"
    token = token_for(province, account=account, **ROUTES[route])
    door = province.gateway if ROUTES[route] is CITIZEN else province.admin
    return Api(door, document, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("route", sorted(ROUTES), ids=" ".join)
@pytest.mark.parametrize("known", [True, False], ids=["signed on", "nobody"])
def test_what_anybody_sends_is_answered_as_documented(
    province: Province, route: tuple[str, str], *, known: bool
) -> None:
    """No 5xx of ours, no undocumented status, no other shape than promised."""
    api = api_of(province, route)
    headers = api.headers if known else {}

    assert 0 < put_to(api, route, GenerationMode.POSITIVE, headers)


@pytest.mark.parametrize("route", BODIES, ids=" ".join)
def test_bodies_of_no_form_are_refused_as_documented(
    province: Province, route: tuple[str, str]
) -> None:
    """Wrong types, unknown members, bounds exceeded."""
    api = api_of(province, route)
    headers = api.headers

    assert 0 < put_to(api, route, GenerationMode.NEGATIVE, headers)


def test_every_route_is_judged_by_somebody(province: Province) -> None:
    """What is not documented is not tested, and not known to anybody; nor the other way round."""
    document = send(province.gateway, "GET", "/schema/openapi.json").body
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }

    assert {*SYSTEMS, *AUDITORS, *PEOPLE, *ADMINISTRATION, *ROUTES} == described
