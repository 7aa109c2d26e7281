"""What every question over the wire shares."""

import msgspec
import pytest

from auth.possession.shown import Shown
from gateway.api.bodies import Limits, deadline_s, decoded, invalid, traceparent_of, unread
from gateway.api.exchanges import ExchangeBody
from gateway.errors import Code, Refusal
from gateway.prefill.schemas import PrefillBody
from tests.builders import CANARY, NOON

DECODER = msgspec.json.Decoder(ExchangeBody)
LIMITS = Limits(deadline_ms=2_000)


def refused(raw: bytes) -> Refusal:
    """Return the refusal that *raw* gets."""
    with pytest.raises(Refusal) as refusal:
        decoded(DECODER, raw, 16)
    return refusal.value


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"{", Code.MALFORMED_JSON, id="cut"),
        pytest.param(b"\xff", Code.MALFORMED_JSON, id="not text"),
        pytest.param(b"", Code.MALFORMED_JSON, id="empty"),
        pytest.param(b"[" * 17 + b"]" * 17, Code.MALFORMED_JSON, id="too deep"),
        pytest.param(b'{"subject":{}}', Code.PURPOSE_MISSING, id="no purpose"),
        pytest.param(b"[]", Code.VALIDATION_FAILED, id="no object"),
    ],
)
def test_a_body_that_is_none_has_a_code(raw: bytes, code: Code) -> None:
    """Each way to be wrong is told apart."""
    assert code is refused(raw).code


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"purpose":"a"}', "/subject"),
        (b'{"purpose":"a","subject":{},"fields":["A B"]}', "/fields/0"),
        (b'{"purpose":"a","subject":{"ngay_sinh":{"nam":"1"}}}', "/subject/ngay_sinh/nam"),
        (b'{"purpose":"a","subject":{"%s":1}}' % CANARY.encode(), "/subject"),
        (b'{"purpose":"a","subject":{"hoTen":1}}', "/subject/hoTen"),
        (b'{"purpose":"a","procedures":"1.013225"}', "/procedures"),
        (b'{"purpose":"a","a b":1}', ""),
        (b"[]", ""),
    ],
)
def test_the_place_is_told_and_never_the_value(raw: bytes, pointer: str) -> None:
    """Exact errors that carry nobody's number (promise P6)."""
    facts = refused(raw).facts

    assert [pointer] == [each["pointer"] for each in facts["errors"]]  # type: ignore[attr-defined]
    assert CANARY not in str(facts)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"purpose":"a"}', "This member is missing."),
        (b'{"purpose":"a","procedures":"1"}', "No member has this name."),
        (b'{"purpose":1}', "A member is missing, unknown or has not its form."),
    ],
)
def test_what_is_wrong_with_a_member_is_said(raw: bytes, said: str) -> None:
    """A misspelt name and a forgotten member are mended in different places."""
    (error,) = refused(raw).facts["errors"]  # type: ignore[misc]

    assert said == error["message_en"]


def test_a_key_of_a_wrong_form_leads_to_the_member_that_holds_it() -> None:
    """What a caller made up as a key may be anything, so that only its place is told."""
    decoder = msgspec.json.Decoder(PrefillBody)
    with pytest.raises(Refusal) as refusal:
        decoded(decoder, b'{"subject":{},"dossier":"1","typed":{"%s A":1}}' % CANARY.encode(), 16)

    assert [invalid("/typed").facts] == [refusal.value.facts]


@pytest.mark.parametrize(
    ("wanted", "seconds"), [(None, 2.0), (b"500", 0.5), (b"1", 0.001), (b"600000", 2.0)]
)
def test_the_caller_may_shorten_the_wait(wanted: bytes | None, seconds: float) -> None:
    """Never lengthen it."""
    headers = {} if wanted is None else {b"lgsp-deadline-ms": wanted}

    assert seconds == deadline_s(headers, LIMITS)


@pytest.mark.parametrize("wanted", [b"0", b"-1", b"1.5", b"600001", b"", b"abc", b"9" * 400])
def test_a_wait_that_is_no_number_is_refused(wanted: bytes) -> None:
    """A misspelt deadline is not silently ignored."""
    with pytest.raises(Refusal) as refusal:
        deadline_s({b"lgsp-deadline-ms": wanted}, LIMITS)

    assert Code.VALIDATION_FAILED is refusal.value.code


def test_an_odd_trace_is_no_trace() -> None:
    """What has not the form of a trace goes no further."""
    assert traceparent_of({b"traceparent": CANARY.encode()}) is None


@pytest.mark.parametrize(
    "given",
    [
        f"00-{CANARY}{'a' * 20}-b7ad6b7169203331-01",
        f"00-{'a' * 32}-beef{CANARY}-01",
        f"00-{'1' * 32}-b7ad6b7169203331-01",
    ],
)
def test_a_trace_that_could_carry_a_number_is_no_trace(given: str) -> None:
    """Its ids are the caller's own words, and sources write them into their logs (promise P6)."""
    assert traceparent_of({b"traceparent": given.encode()}) is None


def test_a_trace_of_chance_is_kept() -> None:
    """Both sides find the same call by it."""
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    assert given == traceparent_of({b"traceparent": given.encode()})


def test_nothing_of_an_unread_question_is_believed() -> None:
    """Only who sent it, when and from where; the raw bytes are for the digest alone."""
    asked = unread(
        {b"authorization": b"Bearer t"},
        exchange_id="e",
        request_id="r",
        at=NOON,
        raw=CANARY.encode(),
        route="/v1/data/{service}",
        shown=Shown(method="POST", url="https://lgsp.example/v1/data/x", origin="203.0.113.9"),
    )

    assert ("t", "", None) == (asked.token, asked.service, asked.subject.so_dinh_danh)
    assert "203.0.113.9" == asked.peer


def test_an_invalid_member_is_told_in_two_languages() -> None:
    """A person must be able to act on it."""
    error = invalid("/x").facts["errors"][0]  # type: ignore[index]

    assert error["message_vi"] != error["message_en"]
