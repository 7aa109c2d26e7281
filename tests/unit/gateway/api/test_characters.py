"""What no text that people send may hold."""

import msgspec
import pytest

from gateway.api.characters import storable
from gateway.errors import Code, Refusal
from tests.builders import CANARY

DECODER = msgspec.json.Decoder(dict[str, object])


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (rb'{"name":"a\u0000"}', "/name"),
        (rb'{"within":{"reason":"\u0000"}}', "/within/reason"),
        (rb'{"many":["a","\\\u0000"]}', "/many/1"),
        (rb'{"a\u0000":1}', ""),
        (rb'{"003190000123":"\u0000"}', ""),
    ],
)
def test_a_text_that_cannot_be_kept_is_named_by_its_place(raw: bytes, pointer: str) -> None:
    """The database refuses it, which would look like a database that is away."""
    with pytest.raises(Refusal) as refusal:
        storable(DECODER, raw, 4)
    (error,) = refusal.value.facts["errors"]  # type: ignore[misc]

    assert Code.VALIDATION_FAILED is refusal.value.code
    assert (pointer, "characters") == (error["pointer"], error["code"])


@pytest.mark.parametrize("raw", [rb'{"reason":"\\u0000"}', rb'{"reason":"a\nb","n":[1,null]}'])
def test_what_only_looks_like_it_is_taken(raw: bytes) -> None:
    """A backslash and five letters are a text like any other."""
    assert msgspec.json.decode(raw) == storable(DECODER, raw, 4)


def test_the_place_holds_nobodys_number() -> None:
    """Names are the caller's own words (promise P6)."""
    with pytest.raises(Refusal) as refusal:
        storable(DECODER, rb'{"%s":"\u0000"}' % CANARY.encode(), 4)

    assert CANARY not in str(refusal.value.facts)
