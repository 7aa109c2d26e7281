"""The table of problems."""

import pytest

from gateway.errors import Code
from gateway.problems import PROBLEMS, Origin, problem_type
from gateway.problems.calls import CALLS
from gateway.problems.ends import ENDS
from gateway.problems.people import PEOPLE
from gateway.problems.systems import SYSTEMS


def test_every_code_has_exactly_one_problem() -> None:
    """No refusal without a text, no text without a refusal."""
    assert set(Code) == set(PROBLEMS)


@pytest.mark.parametrize("code", list(Code))
def test_a_problem_speaks_two_languages_and_says_what_to_do(code: Code) -> None:
    """A person must be able to act on every refusal."""
    problem = PROBLEMS[code]

    texts = (problem.title_vi, problem.title_en, problem.next_vi, problem.next_en)
    assert all(len(text) > 5 for text in texts)
    assert 400 <= problem.status <= 599


@pytest.mark.parametrize("code", list(Code))
def test_origin_and_status_agree(code: Code) -> None:
    """Whose fault it is shows in the status: a caller is never blamed with a 5xx."""
    problem = PROBLEMS[code]

    if problem.origin is Origin.CALLER:
        assert problem.status < 500
    if problem.status >= 500:
        assert problem.origin is not Origin.CALLER


def test_types_are_pages_of_their_own() -> None:
    """RFC 9457: the type identifies the problem."""
    assert len(PROBLEMS) == len({problem_type(code) for code in PROBLEMS})


def test_no_code_stands_in_two_tables() -> None:
    """Of two texts for one code nobody could say which a caller reads."""
    assert len(PROBLEMS) == sum(len(table) for table in (CALLS, SYSTEMS, PEOPLE, ENDS))
