"""Routes of people in the document that the gateway serves."""

from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig

from gateway.api.openapi import describe
from gateway.api.operations import inlined
from gateway.api.people import PERSON
from gateway.api.seals import SealBody
from gateway.wiring.disclosure import HANDLERS, PROVIDES

BODIES = {
    "/v1/own/questions": {"access", "text"},
    "/v1/own/represented/accesses": {"representation", "so_dinh_danh", "cursor", "limit"},
    "/v1/agency/questions/{question}/answer": {"text"},
    "/v1/seals": {"ground", "kind", "targets", "first", "last", "opens_at", "reason"},
    "/v1/seals/{seal}/decision": {"approve", "reason"},
    "/v1/seals/{seal}/opening": {"reason"},
}
GIVEN = (*PROVIDES, "clock", "people")
OPEN = {"/v1/public/seals", "/v1/seals/grounds"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Give the document of these routes alone."""
    given = {name: Provide(lambda: None, sync_to_thread=False) for name in GIVEN}
    config = OpenAPIConfig(title="t", version="1")
    app = Litestar([*HANDLERS], dependencies={**PERSON, **given}, openapi_config=config)
    describe(app.openapi_schema)
    return app.openapi_schema.to_schema()


@pytest.mark.parametrize("path", sorted(BODIES))
def test_what_a_route_takes_is_in_the_document(document: dict[str, Any], path: str) -> None:
    """A page that is generated from it knows what to send."""
    body = document["paths"][path]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]

    assert BODIES[path] == set(schema["properties"])
    assert body["required"]


def test_routes_of_people_demand_a_token_and_answer_in_problems(document: dict[str, Any]) -> None:
    """And the two that are open do not."""
    operations = {
        (path, method): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if path.startswith("/v1/") and path != "/v1/data/{service}"
    }
    closed = {path for (path, _), each in operations.items() if each.get("security")}

    assert OPEN == {path for path, _ in operations} - closed
    assert all(
        {"401", "403", "503"} <= set(operations[key]["responses"])
        for key in operations
        if key[0] in closed
    )
    assert all("500" in each["responses"] for each in operations.values())


def test_a_body_stands_by_itself() -> None:
    """No reference that leads out of the document."""
    assert "$ref" not in str(inlined(SealBody))
    assert ["agency", "dossier", "official", "person", "system"] == (
        inlined(SealBody)["properties"]["kind"]["enum"]
    )
