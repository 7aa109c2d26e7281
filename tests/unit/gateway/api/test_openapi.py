"""What the OpenAPI document says of the exchange, which no framework reads off a route."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import app
from gateway.api.bodies import decoded
from gateway.api.exchanges import ExchangeBody
from gateway.api.openapi import PATH, ProblemDocument
from gateway.errors import Code
from gateway.problems import PROBLEMS
from gateway.settings import load
from gateway.worker import Worker


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give the document as callers fetch it; nothing is opened for it."""
    keys: Path = tmp_path_factory.mktemp("keys")
    overrides = {
        "database": {"url": "postgresql://127.0.0.1:1/none"},
        "audit": {"keys_dir": str(keys / "pseudonyms")},
        "identity": {"keys_dir": str(keys / "signing")},
    }
    return app.build(Worker(load(overrides, environ={}))).openapi_schema.to_schema()


def references(node: object) -> set[str]:
    """Return every reference below *node*."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set[str]()
        return own.union(*(references(each) for each in node.values()))
    if isinstance(node, list):
        return set[str]().union(*(references(each) for each in node))
    return set()


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    """A generator of clients stops at the first dead one."""
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set() == references(document) - known
    assert references(document)


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_example_under_its_status(document: dict[str, Any], code: Code) -> None:
    """A caller's developer finds each refusal before the first one arrives."""
    status = str(PROBLEMS[code].status)
    content = document["paths"][PATH]["post"]["responses"][status]["content"]
    example = content["application/problem+json"]["examples"][code.value]["value"]

    assert code is msgspec.convert(example, ProblemDocument).code


def test_every_example_of_a_question_would_be_understood(document: dict[str, Any]) -> None:
    """People copy examples before they read schemas."""
    content = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]
    asked = [msgspec.json.encode(each["value"]) for each in content["examples"].values()]

    assert asked
    assert ["giai-quyet-tthc"] * len(asked) == [
        decoded(msgspec.json.Decoder(ExchangeBody), body, 16).purpose for body in asked
    ]


def test_the_exchange_demands_a_token(document: dict[str, Any]) -> None:
    """A document that shows it as open would be believed."""
    schemes = document["components"]["securitySchemes"]
    named = [*document["paths"][PATH]["post"]["security"]]

    assert [{"boundToken": []}, {"accessToken": []}] == named
    assert ["DPoP", "bearer"] == [schemes[name]["scheme"] for each in named for name in each]


def test_whatever_header_an_answer_may_bring_is_described(document: dict[str, Any]) -> None:
    """A name alone does not say when it comes, nor what to do with it."""
    exchange = document["paths"][PATH]["post"]
    brought = exchange["responses"]["200"]["headers"]

    assert {"Lgsp-Exchange-Id", "RateLimit-Policy", "DPoP-Nonce", "Sunset"} <= brought.keys()
    assert all(each["description"] for each in brought.values())
    assert all(each["description"] for each in exchange["parameters"])


def test_every_route_says_what_it_is_for(document: dict[str, Any]) -> None:
    """A developer chooses by the document alone; a name like "Fill" tells nobody anything."""
    told = {
        (method, path): operation.get("description", "")
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }

    assert [] == [route for route, said in told.items() if not said]
    assert [] == [route for route, said in told.items() if "Raises:" in said or "Args:" in said]


def test_every_pattern_is_one_of_the_language_that_schemas_speak(document: dict[str, Any]) -> None:
    """ECMA 262 has no end of a text but $: a client would refuse every name, or not start."""
    assert r"\\Z" not in msgspec.json.encode(document).decode()
