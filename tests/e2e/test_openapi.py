"""Strangers' eyes on the API: generated questions, judged by the document the gateway serves."""

from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from gateway.calling.wire import send
from gateway.demo.province import Province
from tests.province import ANH, PERMIT, system_of

EXAMPLES = 40  # for each route, mode and caller
JUDGED = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.negative_data_rejection,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
ROUTES = [
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/audit/log/policy"),
    ("GET", "/audit/log/witnesses"),
    ("GET", "/oauth/jwks"),
    ("POST", "/oauth/introspect"),
    ("POST", "/oauth/revoke"),
    ("POST", "/oauth/token"),
    ("POST", "/v1/data/{service}"),
    ("POST", "/v1/prefill/{procedure}"),
]
QUESTIONS = [route for route in ROUTES if route[0] == "POST"]


@dataclass
class Api:
    """The served document, and how to reach what it describes."""

    gateway: str
    document: dict[str, Any]
    headers: dict[str, str]  # of somebody who is known


@pytest.fixture(scope="module")
def api(province: Province) -> Api:
    """Fetch the document as a caller's developer would."""
    answer = send(province.gateway, "GET", "/schema/openapi.json")
    assert 200 == answer.status
    return Api(province.gateway, answer.body, system_of(province, "motcua-xa").headers("POST", ""))


def put_to(api: Api, route: tuple[str, str], mode: GenerationMode, headers: dict[str, str]) -> int:
    """Put generated questions to *route*; return how many were answered as documented.

    Whatever is answered otherwise is raised by the checks, with a command to repeat it.
    """
    method, path = route
    described = schemathesis.openapi.from_dict(api.document)
    answered: list[int] = []

    @bounded
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def put(case: Case) -> None:
        reply = case.call_and_validate(
            base_url=api.gateway, headers=headers, checks=JUDGED, timeout=10
        )
        answered.append(reply.status_code)

    put()
    return len(answered)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_what_a_stranger_sends_is_answered_as_documented(api: Api, route: tuple[str, str]) -> None:
    """No 5xx of ours, no undocumented status, no other shape than promised."""
    assert 0 < put_to(api, route, GenerationMode.POSITIVE, {})


@pytest.mark.parametrize("route", QUESTIONS, ids=" ".join)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_a_known_system_sends_is_answered_as_documented(
    api: Api, route: tuple[str, str], mode: GenerationMode
) -> None:
    """The same behind the door, with questions that fit their form and with those that do not."""
    assert 0 < put_to(api, route, mode, api.headers)


ANSWERED: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "verified": ("/v1/data/{service}", {"service": "dancu.xacthuc"}, {"subject": ANH, **PERMIT}),
    "looked up": ("/v1/data/{service}", {"service": "dancu.tracuu"}, {"subject": ANH, **PERMIT}),
    "certificate": (
        "/v1/data/{service}",
        {"service": "datdai.gcn"},
        {"subject": {"so_dinh_danh": ANH["so_dinh_danh"], "ho_ten": ANH["ho_ten"]}, **PERMIT},
    ),
    "form": (
        "/v1/prefill/{procedure}",
        {"procedure": PERMIT["procedure"]},
        {"subject": ANH, "dossier": PERMIT["dossier"]},
    ),
}


@pytest.mark.parametrize(("path", "place", "body"), ANSWERED.values(), ids=ANSWERED)
def test_a_real_answer_has_the_documented_shape(
    api: Api, path: str, place: dict[str, str], body: dict[str, Any]
) -> None:
    """Generated questions name nobody who exists; these do, and are answered with data."""
    described = schemathesis.openapi.from_dict(api.document)
    headers = api.headers
    case = described[path]["POST"].Case(
        path_parameters=place, body=body, media_type="application/json"
    )

    reply = case.call_and_validate(base_url=api.gateway, headers=headers, checks=JUDGED)

    assert 200 == reply.status_code
