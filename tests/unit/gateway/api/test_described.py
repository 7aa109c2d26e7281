"""What the OpenAPI document says of the framework's routes beyond their types."""

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


def test_prefill_demands_a_token_and_answers_in_problems(paths: dict[str, Any]) -> None:
    """A client generated from the document knows what to send and what may come back."""
    route = paths["/v1/prefill/{procedure}"]["post"]

    assert [{"boundToken": []}, {"accessToken": []}] == route["security"]
    assert {"200", "400", "401", "403", "404", "503"} <= route["responses"].keys()
    assert "application/problem+json" in route["responses"]["403"]["content"]
