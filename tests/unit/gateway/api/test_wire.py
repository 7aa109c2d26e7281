"""Bytes in, bytes out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.wire import deeper_than, problem_reply, read_body, trace_of, wants_english
from gateway.errors import Code, Refusal
from gateway.problems import PROBLEMS

ID = "01930f2e-7c1d-7c3a-9d52-7d1f6a1c0001"


def depth(value: object) -> int:
    """Return how many levels *value* nests; the slow and obvious way."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


NESTED = st.recursive(
    st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=30,
)


@given(NESTED, st.integers(0, 6))
def test_depth_is_what_a_parser_would_find(value: object, limit: int) -> None:
    """Brackets inside strings do not count; nothing is decoded to find out."""
    body = json.dumps(value).encode()

    assert (depth(value) > limit) is deeper_than(body, limit)


@pytest.mark.parametrize("code", list(Code))
def test_every_code_becomes_a_whole_problem(code: Code) -> None:
    """RFC 9457, two languages, the exchange id in every error."""
    status, headers, body = problem_reply(Refusal(code), ID, None, english=False)

    document = json.loads(body)
    assert PROBLEMS[code].status == status == document["status"]
    assert code.value == document["code"]
    assert ID == document["exchange_id"]
    assert (b"content-type", b"application/problem+json") in headers


def test_facts_that_are_not_public_stay_inside() -> None:
    """Only listed facts leave; a register's own request number is not one of them."""
    _, _, body = problem_reply(Refusal(Code.NO_MATCH, upstream_id="X-1"), ID, None, english=True)

    assert b"X-1" not in body


def test_a_body_is_refused_before_it_is_whole() -> None:
    """A flood of bytes ends at the limit, not at its own end."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"x" * 40, "more_body": True}

    with pytest.raises(Refusal) as refused:
        drive(read_body(receive, {}, 100))  # type: ignore[arg-type]

    assert Code.BODY_TOO_LARGE is refused.value.code


def drive(coroutine: object) -> object:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]
    except StopIteration as done:
        return done.value
    raise AssertionError


def test_the_callers_trace_is_kept() -> None:
    """One trace from the agency's system to the register."""
    trace = "0af7651916cd43dd8448eb211c80319c"

    assert trace == trace_of(f"00-{trace}-b7ad6b7169203331-01", ID)
    assert ID.replace("-", "") == trace_of(None, ID)


def test_vietnamese_comes_first() -> None:
    """English is for those who ask for it."""
    assert not wants_english({})
    assert wants_english({b"accept-language": b"en-GB,vi;q=0.5"})
