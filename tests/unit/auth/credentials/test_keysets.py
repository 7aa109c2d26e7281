"""Published key sets: what counts, what is passed over, what is forgotten at once."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.client import new_client_key
from auth.credentials.keysets import (
    FRESH,
    KEPT,
    KeySet,
    KeySetRefused,
    Offered,
    read,
    renewed,
    unrenewed,
)
from auth.jose import verification_key
from tests.party_builders import CLIENT_KEY, NOON, OTHER_KEY

URL = "https://keys.example/jwks.json"
RSA = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"}
KNOWN = KeySet(url=URL, jwks=(CLIENT_KEY.public,), fetched_at=NOON, tried_at=NOON)


def a_set(*keys: object) -> bytes:
    """Return a JWK set."""
    return msgspec.json.encode({"keys": keys})


def test_signing_keys_of_ours_count_and_others_are_passed_over() -> None:
    """RFC 7517 section 5: an agency may publish its RSA and encryption keys beside them."""
    encrypting = {**OTHER_KEY.public, "use": "enc"}
    other = {**CLIENT_KEY.public, "x5c": ["AAAA"], "key_ops": ["verify"]}

    assert (CLIENT_KEY.public,) == read(a_set(RSA, encrypting, other, {"kty": "oct"})).jwks


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"keys": {}}', id="no list of keys"),
        pytest.param(b'{"keys": [1]}', id="a key that is a number"),
        pytest.param(b'{"keys": []}', id="no key"),
        pytest.param(b"[" * 100_000, id="brackets"),
        pytest.param(b'{"keys": "\xff"}', id="not UTF-8"),
        pytest.param(a_set(RSA), id="none of ours"),
        pytest.param(a_set(*[RSA] * 33), id="33 keys"),
        pytest.param(a_set(*(new_client_key().public for _ in range(5))), id="five of ours"),
        pytest.param(
            a_set(CLIENT_KEY.public, {**OTHER_KEY.public, "kid": CLIENT_KEY.public["kid"]}),
            id="one id for two keys",
        ),
        pytest.param(a_set({**CLIENT_KEY.public, "kid": 7}), id="an id that is a number"),
        pytest.param(a_set({**CLIENT_KEY.public, "kid": "a\x00"}), id="an id that no row can hold"),
        pytest.param(a_set({**CLIENT_KEY.public, "x": "AAAA"}), id="no point of the curve"),
    ],
)
def test_what_cannot_be_used_is_refused_whole(body: bytes) -> None:
    """The last good answer goes on counting; half of a broken one would be a guess."""
    with pytest.raises(KeySetRefused):
        read(body)


def test_a_key_whose_private_part_is_published_is_no_key_any_more() -> None:
    """Everybody can sign with it; the rest of the set goes on."""
    offered = read(a_set(CLIENT_KEY.private, OTHER_KEY.public))
    after = renewed(KNOWN, offered, NOON)

    assert (OTHER_KEY.public,) == after.jwks
    assert frozenset({verification_key(CLIENT_KEY.public).thumbprint}) == offered.lost
    assert after.fault is not None


def test_the_public_half_beside_the_private_one_is_lost_too() -> None:
    """The same key twice, once with its secret: one of them would let anybody in."""
    twin = {**CLIENT_KEY.public, "kid": "twin"}

    assert (OTHER_KEY.public,) == read(a_set(CLIENT_KEY.private, twin, OTHER_KEY.public)).jwks


def test_a_lost_key_is_forgotten_even_when_nothing_else_could_be_read() -> None:
    """What was read last counts on, but not what everybody holds now."""
    with pytest.raises(KeySetRefused) as refused:
        read(a_set(CLIENT_KEY.private))

    assert () == unrenewed(KNOWN, refused.value.fact, refused.value.lost).jwks


def test_an_address_that_is_away_changes_nothing_for_three_days() -> None:
    """Then nobody knows any more whether the agency withdrew the key."""
    away = unrenewed(KNOWN, "no answer in time")
    edge = NOON + KEPT

    assert (KNOWN.jwks, NOON) == (away.jwks, away.fetched_at)
    assert KNOWN.jwks == away.good(edge)
    assert () == away.good(edge + timedelta(microseconds=1))
    assert () == KeySet(url=URL, tried_at=NOON).good(NOON)


def test_it_is_asked_again_after_ten_minutes() -> None:
    """A withdrawn key stops counting soon, without anybody asking."""
    assert not KNOWN.stale(NOON + FRESH - timedelta(seconds=1))
    assert KNOWN.stale(NOON + FRESH)
    assert KeySet(url=URL, tried_at=NOON).stale(NOON)


def test_a_new_answer_takes_the_place_of_the_old_one() -> None:
    """A key that is no longer there is no longer good."""
    after = renewed(KNOWN, Offered((OTHER_KEY.public,), frozenset()), NOON + FRESH)

    assert ((OTHER_KEY.public,), NOON + FRESH, None) == (after.jwks, after.fetched_at, after.fault)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["keys", "kty", "crv", "x", "kid", "d"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_there_is_a_set_or_a_refusal(found: object) -> None:
    """An agency's server may say anything; it never raises anything else in ours."""
    try:
        jwks = read(msgspec.json.encode(found)).jwks
    except KeySetRefused:
        jwks = None

    assert jwks is None or jwks
