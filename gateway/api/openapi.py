"""The exchange in the OpenAPI document: raw handlers describe themselves here."""

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from litestar.openapi.spec import (
    Example,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Schema,
)
from msgspec import Struct

from gateway.api.bodies import LONGEST_WAIT_MS
from gateway.api.exchanges import ExchangeBody
from gateway.errors import Code
from gateway.problems import PROBLEMS, problem_body
from gateway.stages.evidence import Reply

PATH = "/v1/data/{service}"
# How a system shows its token: with a proof of the key it is bound to, or over its certificate.
BY_SYSTEMS: list[dict[str, list[str]]] = [{"boundToken": []}, {"accessToken": []}]
EXAMPLE_ID = "01930f2e-7c1d-7c3a-9d52-7d1f6a1c0001"


class FieldProblem(Struct, frozen=True):
    """One entry of a problem's `errors`."""

    pointer: str  # RFC 6901
    code: str
    message_vi: str
    message_en: str


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """An RFC 9457 problem as this gateway writes it."""

    type: str
    title: str
    status: int
    code: Code
    origin: str
    detail: str
    title_vi: str
    title_en: str
    next_vi: str
    next_en: str
    instance: str
    exchange_id: str
    trace_id: str | None
    retryable: bool
    errors: tuple[FieldProblem, ...] | msgspec.UnsetType = msgspec.UNSET
    retry_after_s: int | msgspec.UnsetType = msgspec.UNSET
    fact: str | msgspec.UnsetType = msgspec.UNSET  # which check failed, in words of ours


def describe(document: OpenAPI, services: Sequence[str] = ()) -> None:
    """Add the exchange's path and schemas to *document*, once."""
    schemas, components = msgspec.json.schema_components(
        (ExchangeBody, Reply, ProblemDocument), ref_template="#/components/schemas/{name}"
    )
    known: dict[str, Schema | Reference] = {n: schema_of(s) for n, s in components.items()}
    document.components.schemas.update(known)  # type: ignore[arg-type]
    body, reply, problem = (schema_of(each) for each in schemas)
    if document.paths is None:  # pragma: no cover - Litestar always makes it
        document.paths = {}
    document.paths[PATH] = PathItem(post=_operation(body, reply, problem, services))


def _operation(
    body: Schema | Reference,
    reply: Schema | Reference,
    problem: Schema | Reference,
    services: Sequence[str],
) -> Operation:
    return Operation(
        operation_id="askData",
        tags=["Exchange"],
        summary="Hỏi dữ liệu về một chủ thể / Ask for data about one subject",
        description=(
            "A call is allowed by a named legal basis or a live consent; what leaves is the least; "
            "the access record is durable before the first byte."
        ),
        security=BY_SYSTEMS,
        parameters=[_service(services), *_headers()],
        request_body=RequestBody(
            required=True,
            content={"application/json": OpenAPIMediaType(schema=body, examples=_questions())},
        ),
        responses={
            "200": OpenAPIResponse(
                description="Released fields, their provenance and the receipt of the record.",
                headers=_answer_headers(),
                content={"application/json": OpenAPIMediaType(schema=reply)},
            ),
            **problem_responses(problem),
        },
    )


def problem_responses(problem: Schema | Reference) -> dict[str, OpenAPIResponse]:
    """Return one response for each status of the problem table, an example for each code."""
    by_status: dict[int, list[Code]] = {}
    for code, entry in PROBLEMS.items():
        by_status.setdefault(entry.status, []).append(code)
    return {
        str(status): OpenAPIResponse(
            description=", ".join(codes),
            content={
                "application/problem+json": OpenAPIMediaType(
                    schema=problem, examples={code.value: _problem_example(code) for code in codes}
                )
            },
        )
        for status, codes in sorted(by_status.items())
    }


def _problem_example(code: Code) -> Example:
    value = problem_body(
        code,
        exchange_id=EXAMPLE_ID,
        facts={},
        trace_id=EXAMPLE_ID.replace("-", ""),
        vietnamese=True,
    )
    return Example(summary=PROBLEMS[code].title_en, value=value)


def _service(services: Sequence[str]) -> Parameter:
    return Parameter(
        name="service",
        param_in="path",
        required=True,
        description="Code of a published service.",
        schema=_text(pattern="^[a-z0-9.]{1,64}$", examples=list(services) or None),
    )


def _headers() -> list[Parameter]:
    return [
        Parameter(name="Lgsp-Request-Id", param_in="header", required=False,
                  description="The caller's own id of the call, a UUID; always returned.",
                  schema=_text(format="uuid")),
        Parameter(name="Lgsp-Deadline-Ms", param_in="header", required=False,
                  description="How long the caller waits; never over 3000 here.",
                  schema=Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=LONGEST_WAIT_MS)),
        Parameter(name="Accept-Language", param_in="header", required=False,
                  description="Language of title and detail: English when en comes first, else "
                  "Vietnamese; both always travel in title_vi, title_en, next_vi and next_en.",
                  schema=_text()),
        Parameter(name="traceparent", param_in="header", required=False,
                  description="W3C Trace Context; goes on to the source and comes back.",
                  schema=_text()),
    ]  # fmt: skip


def _answer_headers() -> dict[str, OpenAPIHeader | Reference]:
    names = {
        "Lgsp-Request-Id": "The caller's own id, or ours.",
        "Lgsp-Exchange-Id": "As `exchange_id` in the body.",
        "Server-Timing": "Milliseconds spent by the gateway and by the source.",
        "RateLimit": "What is left of the agreement's quota, when there is one.",
        "RateLimit-Policy": "The quota itself, when there is one.",
        "DPoP-Nonce": "For the next proof, when this one's nonce will soon be too old.",
        "Deprecation": "Since when the version is not to be built upon (RFC 9745).",
        "Sunset": "Until when it answers (RFC 8594).",
        "traceparent": "The caller's own.",
        "Cache-Control": "no-store",
    }
    return {name: OpenAPIHeader(schema=_text(), description=said) for name, said in names.items()}


def _text(**members: Any) -> Schema:  # noqa: ANN401 - the members of a schema differ
    return Schema(type=OpenAPIType.STRING, **members)


def _questions() -> dict[str, Example | Reference]:
    who = {"so_dinh_danh": "003190000123", "ho_ten": "Nguyễn Thị Ánh", "ngay_sinh": "1990-02-01"}
    case = {
        "purpose": "giai-quyet-tthc",
        "procedure": "1.013225",
        "dossier": "H99.30.01-261121-0001",
    }
    return {
        "select": Example(
            summary="Chọn trường cho một hồ sơ / Fields for one dossier",
            value={"subject": who, **case, "fields": ["ho_ten", "thuong_tru"]},
        ),
        "verify": Example(
            summary="Chỉ xác thực / Verify only", value={"subject": who, **case, "fields": ["khop"]}
        ),
    }


def schema_of(node: dict[str, Any]) -> Schema | Reference:
    """Turn one JSON Schema node into the framework's object, members and all."""
    if "$ref" in node:
        return Reference(ref=node["$ref"])
    return Schema(**{_snake(name): _member(name, value) for name, value in node.items()})


def _member(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON Schema holds anything
    if name == "properties":
        return {key: schema_of(each) for key, each in value.items()}
    if name in {"anyOf", "oneOf", "allOf", "prefixItems"}:
        return [schema_of(each) for each in value]
    if name in {"items", "additionalProperties", "propertyNames"} and isinstance(value, dict):
        return schema_of(cast("dict[str, Any]", value))
    if name == "pattern":
        return value.replace("\\Z", "$")  # ECMA 262 has no \\Z, and its $ is as strict
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
