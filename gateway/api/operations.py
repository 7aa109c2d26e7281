"""Routes of people in the OpenAPI document: who may call, what they send, what may come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    RequestBody,
)
from msgspec import Struct

from gateway.api.openapi import schema_of
from gateway.errors import Code
from gateway.problems import PROBLEMS

PROBLEM = Reference(ref="#/components/schemas/ProblemDocument")
# What any route of people may answer; the rest depends on what it does.
ALWAYS = (
    Code.VALIDATION_FAILED,
    Code.TOKEN_MISSING,
    Code.PERMISSION_MISSING,
    Code.NOT_FOUND,
    Code.METHOD_NOT_ALLOWED,
    Code.RATE_LIMITED,
    Code.INTERNAL,
    Code.AUDIT_UNAVAILABLE,
)


@dataclass
class OfPeople(Operation):
    """A route for people who have signed on."""

    def __post_init__(self) -> None:
        """Name cookie and token, and the problems that may come instead of an answer."""
        self.security = [{"session": []}, {"accessToken": []}]
        self.responses = {**(self.responses or {}), **problems(ALWAYS)}


@dataclass
class OfAnybody(Operation):
    """A route that shows nothing that is anybody's."""

    def __post_init__(self) -> None:
        """Name the problems that may come instead of an answer."""
        codes = (Code.METHOD_NOT_ALLOWED, Code.INTERNAL, Code.DATABASE_UNAVAILABLE)
        self.responses = {**(self.responses or {}), **problems(codes)}


def takes(body: type[Struct], *also: Code) -> type[Operation]:
    """Return the operation of a route whose handler reads *body* by itself; *also* may come."""
    media = OpenAPIMediaType(schema=schema_of(inlined(body)))
    sent = RequestBody(content={"application/json": media}, required=True)
    more = (Code.MALFORMED_JSON, Code.MOVE_REFUSED, Code.BODY_TOO_LARGE, *also)

    @dataclass
    class Takes(OfPeople):
        """A route for people that takes a body."""

        def __post_init__(self) -> None:
            """Name the body, and what may be wrong with it."""
            super().__post_init__()
            self.request_body = sent
            self.responses = {**(self.responses or {}), **problems((*ALWAYS, *more))}

    return Takes


def problems(codes: tuple[Code, ...]) -> dict[str, OpenAPIResponse]:
    """Return one response for each status that *codes* come with."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(PROBLEMS[code].status, []).append(code.value)
    return {
        str(status): OpenAPIResponse(
            description=", ".join(named),
            content={"application/problem+json": OpenAPIMediaType(schema=PROBLEM)},
        )
        for status, named in sorted(by_status.items())
    }


def inlined(body: type[Struct]) -> dict[str, Any]:
    """Return the JSON Schema of *body* without references: it stands by itself."""
    (schema,), parts = msgspec.json.schema_components((body,), ref_template="{name}")
    return _resolved(schema, parts)


def _resolved(node: object, parts: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON Schema holds anything
    if isinstance(node, list):
        return [_resolved(each, parts) for each in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    members = cast("dict[str, object]", node)
    if "$ref" in members:
        return _resolved(parts[str(members["$ref"])], parts)
    return {name: _resolved(value, parts) for name, value in members.items()}
