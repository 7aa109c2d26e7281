"""The routes of the framework in the OpenAPI document: what it cannot read off their types."""

from litestar.openapi.spec import OpenAPI

from gateway.api import described_oauth
from gateway.api.described_oauth import PROBLEM
from gateway.api.openapi import BY_SYSTEMS, problem_responses
from gateway.prefill.fill import ROUTE


def describe(document: OpenAPI) -> None:
    """Complete prefill and sign-on for systems in *document*; the exchange's schemas are there."""
    prefill = (document.paths or {})[ROUTE].post
    if prefill is None:  # pragma: no cover - the route is there, or nothing starts
        raise LookupError(ROUTE)
    prefill.security = BY_SYSTEMS
    answered = (prefill.responses or {})["200"]
    prefill.responses = {"200": answered, **problem_responses(PROBLEM)}
    described_oauth.describe(document)
