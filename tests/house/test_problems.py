"""Every way to say no has its words."""

import pytest

from gateway.errors import Code
from gateway.problems import PROBLEMS, Origin, problem_type

FAILURES = range(400, 600)


def test_every_code_has_a_problem_and_no_problem_is_without_a_code() -> None:
    """A refusal without words would reach a caller as a bare number."""
    assert set(Code) == set(PROBLEMS)


@pytest.mark.parametrize("code", Code)
def test_a_problem_is_whole(code: Code) -> None:
    """Both languages say what happened and what to do; the status fits the origin."""
    problem = PROBLEMS[code]

    assert all((problem.title_vi, problem.title_en, problem.next_vi, problem.next_en))
    assert problem.status in FAILURES
    assert (problem.origin is Origin.CALLER) <= (problem.status < 500)


def test_no_two_codes_share_a_page() -> None:
    """The type of a problem is its identity on the wire."""
    assert len(Code) == len({problem_type(code) for code in Code})
