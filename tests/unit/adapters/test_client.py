"""What a reply is taken for, before anybody reads it."""

import msgspec
import pytest

from adapters.client import (
    QuestionRefused,
    SourceReply,
    accepted,
    decoded,
    trace_headers,
)
from adapters.errors import SourceError, SourceMalformed, SourceSchemaMismatch, SourceUnavailable


class Shape(msgspec.Struct):
    """A shape to decode."""

    so: str


DECODER = msgspec.json.Decoder(Shape)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, QuestionRefused),
        (401, QuestionRefused),
        (403, QuestionRefused),
        (404, SourceMalformed),
        (204, SourceMalformed),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
    ],
)
def test_every_other_status_has_a_name(status: int, error: type[SourceError]) -> None:
    """A status nobody thought of must not pass for an answer."""
    with pytest.raises(error) as refused:
        accepted("land", SourceReply(status, "application/json", b"{}"), "application/json")

    assert error is type(refused.value)


def test_a_login_page_is_no_answer() -> None:
    """Proxies answer 200 with HTML when they are in trouble."""
    with pytest.raises(SourceMalformed, match="media type"):
        accepted("land", SourceReply(200, "text/html", b"{}"), "application/json")


def test_parameters_of_a_media_type_do_not_matter() -> None:
    """«application/json; charset=utf-8» is JSON."""
    reply = SourceReply(200, "Application/JSON; charset=utf-8", b"{}")

    assert b"{}" == accepted("land", reply, "application/json")


def test_another_shape_is_told_from_noise() -> None:
    """One is a contract broken, the other a line disturbed; neither repeats a value."""
    with pytest.raises(SourceSchemaMismatch) as mismatch:
        decoded("land", b'{"so": 3190000123}', DECODER)
    with pytest.raises(SourceMalformed) as noise:
        decoded("land", b"\x00\xff", DECODER)

    assert SourceMalformed is type(noise.value)
    assert "3190000123" not in str(mismatch.value)


def test_trace_headers_carry_only_well_formed_values() -> None:
    """A header is no place for whatever a caller sends."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    assert {"X-Correlation-Id": "e-1", "traceparent": trace} == trace_headers("e-1", trace)
    assert {} == trace_headers("e 1\r\nX: y", trace + "\r\nX: y")
