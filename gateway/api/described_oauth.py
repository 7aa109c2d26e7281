"""The token endpoint and its neighbours in the OpenAPI document."""

from collections.abc import Mapping

from litestar.openapi.spec import (
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)

from auth.assertions import ASSERTION_TYPE
from auth.forms import ACCESS_TOKEN, FORM
from auth.identity import INTROSPECTION_PATH, JWKS_PATH, REVOCATION_PATH, TOKEN_PATH
from auth.server import GRANTS
from gateway.api.openapi import problem_responses

PROBLEM = Reference(ref="#/components/schemas/ProblemDocument")
REFUSAL_MEMBERS = ("error", "error_description", "code")
JSON = "application/json"
KEYS_TYPE = "application/jwk-set+json"
CREDENTIAL = ("client_id", "client_assertion_type", "client_assertion")
EXCHANGE = ("subject_token", "subject_token_type", "requested_token_type")
WISHES = ("scope", "authorization_details", "resource", "audience", *EXCHANGE)
# 503 while registrations are away.
REFUSALS: Mapping[str, str] = {
    "401": "invalid_client (RFC 6749 section 5.2)",
    "503": "temporarily_unavailable",
}
WRONG_WISHES = (
    "invalid_request, unsupported_grant_type, unauthorized_client, invalid_scope (RFC 6749); "
    "invalid_target (RFC 8707), invalid_authorization_details (RFC 9396), invalid_dpop_proof and "
    "use_dpop_nonce (RFC 9449)"
)
ROUTERS = ("405", "413", "500")  # problems that come before, or instead of, the endpoint's answer


def describe(document: OpenAPI) -> None:
    """Complete the endpoints of sign-on for systems in *document*."""
    _complete(
        _posted(document, TOKEN_PATH),
        _form(("grant_type", *CREDENTIAL, *WISHES), required=("grant_type",)),
        answer=_answer("An access token.", JSON, "access_token", "token_type", "expires_in"),
        refused=WRONG_WISHES,
    )
    token = _form(("token", "token_type_hint", *CREDENTIAL), required=("token",))
    _complete(
        _posted(document, INTROSPECTION_PATH),
        token,
        answer=_answer("What the token says, while it is good (RFC 7662).", JSON, "active"),
        refused="invalid_request",
    )
    _complete(
        _posted(document, REVOCATION_PATH),
        token,
        answer=_answer("It is taken back (RFC 7009).", JSON),
        refused="invalid_request, invalid_grant",
    )
    keys = (document.paths or {})[JWKS_PATH].get
    if keys is not None:
        keys.responses = {
            "200": _answer("Public keys of the tokens (RFC 7517).", KEYS_TYPE, "keys")
        }


def _complete(operation: Operation, form: Schema, *, answer: OpenAPIResponse, refused: str) -> None:
    problems = problem_responses(PROBLEM)
    operation.request_body = RequestBody(
        content={FORM: OpenAPIMediaType(schema=form)}, required=True
    )
    bad = _answer(refused, JSON, *REFUSAL_MEMBERS)
    bad.headers = {"DPoP-Nonce": OpenAPIHeader(schema=Schema(type=OpenAPIType.STRING))}
    operation.responses = {
        "200": answer,
        "400": bad,
        **{status: _answer(what, JSON, *REFUSAL_MEMBERS) for status, what in REFUSALS.items()},
        **{status: problems[status] for status in ROUTERS},
    }


def _posted(document: OpenAPI, path: str) -> Operation:
    operation = (document.paths or {})[path].post
    if operation is None:  # pragma: no cover - the route is there, or nothing starts
        raise LookupError(path)
    return operation


def _form(words: tuple[str, ...], *, required: tuple[str, ...]) -> Schema:
    """Return a form; its credential is an assertion, or `client_id` beside a certificate."""
    choices = {
        "grant_type": list(GRANTS),
        "client_assertion_type": [ASSERTION_TYPE],
        "subject_token_type": [ACCESS_TOKEN],
        "requested_token_type": [ACCESS_TOKEN],
    }
    members: dict[str, Schema | Reference] = {
        word: Schema(type=OpenAPIType.STRING, enum=choices.get(word)) for word in words
    }
    return Schema(type=OpenAPIType.OBJECT, required=list(required), properties=members)


def _answer(what: str, media: str, *members: str) -> OpenAPIResponse:
    schema = Schema(type=OpenAPIType.OBJECT, required=list(members))
    return OpenAPIResponse(description=what, content={media: OpenAPIMediaType(schema=schema)})
