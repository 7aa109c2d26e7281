"""What the OpenAPI document says of sign-on for systems."""

from typing import Any

import pytest

from gateway.app import build
from gateway.settings import load
from gateway.worker import Worker


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    """The paths of the document as callers read it."""
    document = build(Worker(load({}, {}))).openapi_schema.to_schema()
    found: dict[str, Any] = document["paths"]
    return found


def form_of(route: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a route's form."""
    found: dict[str, Any] = route["requestBody"]["content"]["application/x-www-form-urlencoded"]
    return found["schema"]  # type: ignore[no-any-return]


def test_the_token_endpoint_takes_a_form(paths: dict[str, Any]) -> None:
    """RFC 6749 section 4.4.2: a form, not JSON; a certificate needs no assertion (RFC 8705)."""
    route = paths["/oauth/token"]["post"]
    form = form_of(route)

    assert ["grant_type"] == form["required"]
    assert {
        "client_assertion",
        "client_id",
        "scope",
        "authorization_details",
        "resource",
        "subject_token",
    } <= form["properties"].keys()
    assert {"200", "400", "401", "503"} <= route["responses"].keys()
    assert "DPoP-Nonce" in route["responses"]["400"]["headers"]


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_its_neighbours_take_a_token(paths: dict[str, Any], path: str) -> None:
    """RFC 7662 section 2.1 and RFC 7009 section 2.1."""
    route = paths[path]["post"]

    assert ["token"] == form_of(route)["required"]
    assert {"200", "400", "401", "503"} <= route["responses"].keys()


def test_keys_are_a_key_set(paths: dict[str, Any]) -> None:
    """RFC 7517 names the type."""
    answers = paths["/oauth/jwks"]["get"]["responses"]

    assert ["application/jwk-set+json"] == list(answers["200"]["content"])
