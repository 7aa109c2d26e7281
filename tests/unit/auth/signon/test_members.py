"""JSON that means one thing."""

import pytest

from auth.jose import new_private_jwk, public_jwk, signing_key
from auth.signon.keysets import MOST_KEYS, named, read_keys
from auth.signon.members import NotUnderstood, members, shaped
from tests.sign_on_builders import KEY, encoded


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"[]", b"null", b'"text"', b"{", b'{"a": 1} x', b"\xff", b'{"a": NaN}'),
        *(b'{"a": Infinity}', b"[" * 100_000, b'{"sub": "a", "sub": "b"}'),
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_could_be_read_in_two_ways_is_not_read(text: bytes) -> None:
    """Two readers that take different members of a pair can be played against each other."""
    with pytest.raises(NotUnderstood) as odd:
        members(text)
    assert odd.value.__cause__ is None


def test_members_have_the_types_that_were_agreed() -> None:
    """A list where a text was expected must not reach a comparison."""
    with pytest.raises(NotUnderstood):
        shaped({"a": [1]}, dict[str, str])
    assert {"a": "b"} == shaped({"a": "b"}, dict[str, str])


def test_keys_of_other_kinds_are_left_out() -> None:
    """Most providers publish an RSA key beside the ones we use."""
    document = {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}, public_jwk(KEY)]}

    assert [KEY.kid] == [key.kid for key in read_keys(encoded(document))]


def test_a_private_key_that_was_published_is_no_key() -> None:
    """Anybody could sign with it."""
    assert () == read_keys(encoded({"keys": [new_private_jwk("ES256")]}))


@pytest.mark.parametrize(
    "document", [{}, {"keys": {}}, {"keys": ["a"]}, {"keys": [{}] * (MOST_KEYS + 1)}]
)
def test_what_is_not_a_key_set_is_said(document: dict[str, object]) -> None:
    """A page of apologies with status 200 is not an empty set of keys."""
    with pytest.raises(NotUnderstood):
        read_keys(encoded(document))


def test_a_key_id_names_its_keys_and_none_means_any() -> None:
    """A header without an id leaves the choice to the signature."""
    other = signing_key(new_private_jwk("EdDSA"))
    keys = read_keys(encoded({"keys": [public_jwk(KEY), public_jwk(other)]}))

    assert [other.kid] == [key.kid for key in named(keys, other.kid)]
    assert () == named(keys, "unknown")
    assert keys == named(keys, None)
