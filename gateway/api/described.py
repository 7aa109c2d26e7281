"""The routes of the framework in the OpenAPI document: what it cannot read off their types."""

from collections.abc import Mapping

from litestar.openapi.spec import (
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)

from auth.assertions import ASSERTION_TYPE
from auth.forms import FORM
from auth.identity import JWKS_PATH, TOKEN_PATH
from gateway.api.openapi import problem_responses
from gateway.prefill.fill import ROUTE

PROBLEM = Reference(ref="#/components/schemas/ProblemDocument")
TOKEN_MEMBERS = ("access_token", "token_type", "expires_in")
REFUSAL_MEMBERS = ("error", "error_description", "code")
KEYS_TYPE = "application/jwk-set+json"
TOKEN_REFUSALS: Mapping[str, str] = {  # RFC 6749 section 5.2; 503 while registrations are away
    "400": "invalid_request, unsupported_grant_type, unauthorized_client, invalid_scope",
    "401": "invalid_client",
    "503": "temporarily_unavailable",
}
ROUTERS = ("405", "413", "500")  # problems that come before, or instead of, the endpoint's answer


def describe(document: OpenAPI) -> None:
    """Complete prefill, token endpoint and keys in *document*; the exchange's schemas are there."""
    prefill = _posted(document, ROUTE)
    prefill.security = [{"accessToken": []}]
    answered = (prefill.responses or {})["200"]
    prefill.responses = {"200": answered, **problem_responses(PROBLEM)}
    token = _posted(document, TOKEN_PATH)
    token.request_body = RequestBody(
        content={FORM: OpenAPIMediaType(schema=_form())}, required=True
    )
    token.responses = _token_responses()
    keys = (document.paths or {})[JWKS_PATH].get
    if keys is not None:
        keys.responses = {
            "200": _answer("Public keys of the tokens (RFC 7517).", KEYS_TYPE, "keys")
        }


def _posted(document: OpenAPI, path: str) -> Operation:
    operation = (document.paths or {})[path].post
    if operation is None:  # pragma: no cover - the route is there, or nothing starts
        raise LookupError(path)
    return operation


def _form() -> Schema:
    words = ("grant_type", "client_assertion_type", "client_assertion", "client_id", "scope")
    members: dict[str, Schema | Reference] = {
        name: Schema(type=OpenAPIType.STRING) for name in (*words, "resource")
    }
    members["grant_type"] = Schema(type=OpenAPIType.STRING, enum=["client_credentials"])
    members["client_assertion_type"] = Schema(type=OpenAPIType.STRING, enum=[ASSERTION_TYPE])
    return Schema(type=OpenAPIType.OBJECT, required=list(words[:3]), properties=members)


def _token_responses() -> dict[str, OpenAPIResponse | Reference]:
    problems = problem_responses(PROBLEM)
    return {
        "200": _answer("An access token (RFC 6749).", "application/json", *TOKEN_MEMBERS),
        **{
            status: _answer(what, "application/json", *REFUSAL_MEMBERS)
            for status, what in TOKEN_REFUSALS.items()
        },
        **{status: problems[status] for status in ROUTERS},
    }


def _answer(what: str, media: str, *members: str) -> OpenAPIResponse:
    schema = Schema(type=OpenAPIType.OBJECT, required=list(members))
    return OpenAPIResponse(description=what, content={media: OpenAPIMediaType(schema=schema)})
