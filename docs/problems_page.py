"""The page of problems, from the table that callers get."""

from gateway.errors import Code
from gateway.problems import PROBLEMS, Origin, problem_type

ORIGINS = {
    Origin.CALLER: "the caller can mend it",
    Origin.GATEWAY: "the gateway could not",
    Origin.SOURCE: "the source could not",
}


def page() -> str:
    """Return the page of problems: one section for each code, in the order of the enum."""
    lines = [
        "# Problems",
        "",
        "Every refusal and failure is an RFC 9457 problem document (`application/problem+json`).",
        "A caller switches on `code`, which is stable; the texts may change.",
        "`origin` says who can mend it, `retryable` whether the same request may succeed later.",
        "Both languages always travel: `title` and `detail` follow `Accept-Language`.",
        "",
        "| Code | Status | Origin | Retry | Title |",
        "|---|--:|---|---|---|",
        *(_problem_row(code) for code in Code),
        "",
    ]
    for code in Code:
        lines += _problem_section(code)
    return "\n".join(lines).rstrip() + "\n"


def _problem_row(code: Code) -> str:
    problem = PROBLEMS[code]
    anchor = f"[`{code.value}`](#{code.value})"
    retry = "yes" if problem.retryable else "no"
    return f"| {anchor} | {problem.status} | {problem.origin} | {retry} | {problem.title_en} |"


def _problem_section(code: Code) -> list[str]:
    problem = PROBLEMS[code]
    again = "May succeed later." if problem.retryable else "The same request will fail again."
    return [
        f"## {code.value}",
        "",
        f"**{problem.title_vi}.** {problem.next_vi}",
        "",
        f"**{problem.title_en}.** {problem.next_en}",
        "",
        f"HTTP {problem.status}; {ORIGINS[problem.origin]}. {again}",
        f"Type: `{problem_type(code)}`.",
        "",
    ]
