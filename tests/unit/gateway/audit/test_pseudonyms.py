"""Pseudonyms: stable with the key, unrelated without it."""

import base64
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.keyring import KeyDestroyed, Keyring, Purpose
from gateway.audit.pseudonyms import (
    LONG_LIVED,
    Pseudonyms,
    Scheme,
    base32,
    epoch_of,
    keyed_mac,
    normalised,
)

NUMBER = "003190000123"


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """Give an empty ring."""
    return Keyring(tmp_path / "keys")


@given(st.binary(min_size=20, max_size=20))
def test_base32_is_that_of_the_standard(digest: bytes) -> None:
    """RFC 4648, checked against the standard library."""
    assert base64.b32encode(digest).decode().lower() == base32(digest)


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=90), st.binary(max_size=200))
def test_the_mac_is_hmac(key: bytes, before: bytes, message: bytes) -> None:
    """RFC 2104, checked against the standard library; each use begins anew."""
    mac = keyed_mac(key, before)

    expected = hmac.digest(key, before + message, "sha256")
    assert (expected, expected) == (mac(message), mac(message))


def test_the_documented_formula_gives_the_pseudonym(ring: Keyring) -> None:
    """An auditor with the key can search without our code."""
    key = ring.key(Purpose.CITIZENS, "2026")
    message = b"subj\0so_dinh_danh\0" + NUMBER.encode()
    expected = base64.b32encode(hmac.digest(key, message, "sha256"))[:32].decode().lower()

    assert expected == Pseudonyms(ring).of(Scheme.CITIZEN, NUMBER, "2026")


def test_consents_name_a_person_by_the_documented_formula_too(ring: Keyring) -> None:
    """Under a key of their own, which outlives years; never by the number."""
    key = ring.key(Purpose.CONSENT, LONG_LIVED)
    digest = hmac.digest(key, b"consent\0" + NUMBER.encode(), "sha256")
    expected = base64.b32encode(digest)[:32].decode().lower()

    assert expected == Pseudonyms(ring).person(NUMBER)


def test_scheme_and_epoch_separate_pseudonyms(ring: Keyring) -> None:
    """The same digits as another kind of number, or in another year, lead nowhere."""
    names = Pseudonyms(ring)
    made = {names.of(scheme, NUMBER, epoch) for scheme in Scheme for epoch in ("2026", "2027")}

    assert len(Scheme) * 2 == len(made | {names.person(NUMBER)}) - 1


def test_two_processes_agree(ring: Keyring, tmp_path: Path) -> None:
    """A person has one pseudonym whichever worker answers."""
    other = Pseudonyms(Keyring(tmp_path / "keys"))

    assert Pseudonyms(ring).person(NUMBER) == other.person(NUMBER)


@pytest.mark.parametrize(
    "spelling", ["003 190 000 123", " 003190000123\n", "００３１９００００１２３"]
)
def test_spellings_of_one_number_have_one_pseudonym(ring: Keyring, spelling: str) -> None:
    """A search must find what a slip of spelling recorded."""
    names = Pseudonyms(ring)

    assert names.person(NUMBER) == names.person(spelling)


def test_nothing_has_no_pseudonym() -> None:
    """Otherwise all missing numbers would be one person."""
    with pytest.raises(ValueError, match="empty"):
        normalised(" \n")


def test_a_forgotten_epoch_gives_no_pseudonyms(ring: Keyring) -> None:
    """Destroying the key is how a year is forgotten."""
    ring.key(Purpose.CITIZENS, "2026")
    ring.destroy(Purpose.CITIZENS, "2026")

    with pytest.raises(KeyDestroyed):
        Pseudonyms(ring).of(Scheme.CITIZEN, NUMBER, "2026")


def test_the_epoch_is_the_utc_year() -> None:
    """Of the instant that the leaf claims."""
    assert "2026" == epoch_of(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_each_record_has_its_own_opening(ring: Keyring) -> None:
    """Disclosing the salt of one record discloses no other."""
    names = Pseudonyms(ring)

    assert 16 == len(names.opening("a", "2026"))
    assert names.opening("a", "2026") != names.opening("b", "2026")
