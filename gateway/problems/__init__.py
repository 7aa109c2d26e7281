"""Every refusal and failure as an RFC 9457 problem: one table, in two languages.

Exceptions, OpenAPI responses, the error catalogue (`docs/problems.md`) and the client's constants
all come from `PROBLEMS`.  Texts may change; `code` is stable and is what callers switch on.
"""

from gateway.problems.document import (
    DOCS,
    PROBLEMS,
    PUBLIC_FACTS,
    field_error,
    problem_body,
    problem_type,
)
from gateway.problems.shape import Origin, Problem

__all__ = [
    "DOCS",
    "PROBLEMS",
    "PUBLIC_FACTS",
    "Origin",
    "Problem",
    "field_error",
    "problem_body",
    "problem_type",
]
