"""The problem document that goes over the wire (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

from gateway.errors import Code
from gateway.problems.calls import CALLS
from gateway.problems.ends import ENDS
from gateway.problems.people import PEOPLE
from gateway.problems.shape import Problem
from gateway.problems.systems import SYSTEMS

DOCS = "https://docs.motlan.example/errors/"  # the documentation's own, reserved name (RFC 2606)
PROBLEMS: dict[Code, Problem] = {**CALLS, **SYSTEMS, **PEOPLE, **ENDS}

# Facts of a refusal that may leave with it; anything else stays inside.
PUBLIC_FACTS = frozenset(
    {
        "errors",
        "fact",  # which check failed, in words of ours
        "level",
        "max_age_s",
        "missing",
        "retry_after_s",
        "service",
        "alternative",
        "agreement",
        "purpose",
        "procedure",
        "consent",
    }
)


def problem_type(code: Code) -> str:
    """Return the URI of the page that explains *code* (RFC 9457 section 3.1.1)."""
    return DOCS + code.value.replace("_", "-")


def problem_body(
    code: Code,
    *,
    exchange_id: str,
    facts: Mapping[str, object],
    trace_id: str | None,
    vietnamese: bool,
) -> dict[str, Any]:
    """Return the members of the problem document, Vietnamese first unless English was asked for.

    Both languages always travel: `title` and `detail` follow the caller, `title_vi` and `title_en` stay.
    """
    problem = PROBLEMS[code]
    body: dict[str, Any] = {
        "type": problem_type(code),
        "title": problem.title_vi if vietnamese else problem.title_en,
        "status": problem.status,
        "code": code.value,
        "origin": problem.origin.value,
        "detail": problem.next_vi if vietnamese else problem.next_en,
        "title_vi": problem.title_vi,
        "title_en": problem.title_en,
        "next_vi": problem.next_vi,
        "next_en": problem.next_en,
        "instance": f"urn:motlan:request:{exchange_id}",
        "exchange_id": exchange_id,
        "trace_id": trace_id,
        "retryable": problem.retryable,
    }
    body.update((name, value) for name, value in facts.items() if name in PUBLIC_FACTS)
    return body


def field_error(pointer: str, code: str, vi: str, en: str) -> dict[str, str]:
    """Return one entry of a problem's `errors`: where (RFC 6901), what, in two languages."""
    return {"pointer": pointer, "code": code, "message_vi": vi, "message_en": en}
