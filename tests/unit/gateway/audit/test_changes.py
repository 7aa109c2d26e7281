"""What an administrator's act looks like as a leaf."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rfc8785
from msgspec import json
from msgspec.structs import replace

from gateway.audit.changes import ChangeLeaves, Due
from gateway.audit.keyring import Keyring, Purpose
from gateway.audit.leaf import body, salted_digest
from gateway.audit.pseudonyms import Pseudonyms, Scheme
from tests.audit_builders import PSEUDONYM

AT = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=UTC)
ID = "019a0000-0000-7000-8000-000000000001"
DUE = Due(
    id=1,
    leaf_id=ID,
    salt=b"s" * 16,
    at=AT,
    event="catalog.publish",
    kind="service",
    code="dancu.tracuu",
    rev=4,
    before=b"b" * 32,
    after=b"a" * 32,
    by="can-bo-1",
    by_is="staff",
    approved_by="can-bo-2",
    via="motlan:catalog",
    service=None,
    elements=None,
    subjects=None,
)
CONSENT = replace(
    DUE,
    event="consent.grant",
    kind="consent",
    code=ID,
    by=PSEUDONYM,
    by_is="person",
    approved_by=None,
    via="motlan",
    service="dancu.tracuu",
    elements=["ho_ten"],
    subjects=[PSEUDONYM],
)


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    """Give a fresh key ring."""
    return Keyring(tmp_path / "ring")


def test_the_same_act_makes_the_same_bytes(ring: Keyring) -> None:
    """A copy that slipped through is recognised; a retry after a crash is no second act."""
    first = body(ChangeLeaves(Pseudonyms(ring)).leaf(DUE))
    again = body(ChangeLeaves(Pseudonyms(ring)).leaf(DUE))

    assert first == again
    assert rfc8785.dumps(json.decode(first)) == first
    assert b"can-bo" not in first


def test_both_states_stand_in_the_leaf(ring: Keyring) -> None:
    """An auditor compares versions without asking the database for anything."""
    leaf = ChangeLeaves(Pseudonyms(ring)).leaf(DUE)

    assert leaf.req is not None
    assert leaf.req.d is not None
    assert b"b" * 32 == urlsafe_b64decode(leaf.req.d + "=")
    assert leaf.change is not None
    assert (b"a" * 32).hex() == leaf.change.hash


def test_digests_about_people_are_salted(ring: Keyring) -> None:
    """Terms of a consent are few enough to be guessed; the opening stands in the key ring."""
    people = Pseudonyms(ring)
    leaf = ChangeLeaves(people).leaf(CONSENT)

    assert leaf.req is not None
    assert salted_digest(people.opening(ID, "2026"), b"b" * 32) == leaf.req.d
    assert leaf.change is not None
    assert (b"a" * 32).hex() != leaf.change.hash
    assert leaf.actor is not None
    assert PSEUDONYM == leaf.actor.user
    assert leaf.target is not None
    assert ("dancu.tracuu", ("ho_ten",)) == (leaf.target.service, leaf.target.fields)


def test_an_authority_acts_by_its_code(ring: Keyring) -> None:
    """A consent that the register ended was ended by nobody's hand."""
    leaf = ChangeLeaves(Pseudonyms(ring)).leaf(replace(CONSENT, by="representation", by_is="code"))

    assert leaf.actor is not None
    assert ("representation", None) == (leaf.actor.client, leaf.actor.user)


@pytest.mark.parametrize(
    ("kind", "code", "named"),
    [
        ("agency", "0100112437", "01001.12437"),
        ("agency", "0100112437-001", "01001.12437-001"),
        ("agency", "0100112438", None),  # checks itself wrong: no enterprise
        ("service", "003099000017", None),
        ("agency", "003099000017", None),
    ],
)
def test_a_code_that_could_be_a_number_is_not_written_as_it_is(
    ring: Keyring, kind: str, code: str, named: str | None
) -> None:
    """A firm stays readable; what may be a person's number is named by a digest."""
    leaf = ChangeLeaves(Pseudonyms(ring)).leaf(replace(DUE, kind=kind, code=code))

    assert leaf.change is not None
    assert named == (None if leaf.change.id.startswith("x-") else leaf.change.id)
    assert code.encode() not in body(leaf)
    assert leaf.actor is not None
    assert leaf.actor.user is not None


def test_an_act_whose_words_cannot_stand_is_still_recorded(ring: Keyring) -> None:
    """Typed by hand, with a number in the actor's place: less is said, and nothing is left out."""
    odd = replace(CONSENT, by="003099000017", by_is="code")
    leaf = ChangeLeaves(Pseudonyms(ring)).leaf(odd)

    assert "consent.grant" == leaf.type
    assert b"003099000017" not in body(leaf)


def test_an_act_of_a_year_whose_key_is_gone_is_still_recorded(ring: Keyring) -> None:
    """Owed for too long: who did it cannot be said any more, what was done can."""
    people = Pseudonyms(ring)
    people.of(Scheme.OFFICIAL, "x", "2026")
    ring.destroy(Purpose.OFFICIALS, "2026")
    leaf = ChangeLeaves(Pseudonyms(ring)).leaf(DUE)

    assert leaf.change is not None
    assert "dancu.tracuu" == leaf.change.id


def test_a_word_outside_the_vocabulary_is_refused(ring: Keyring) -> None:
    """A leaf's type is one of the list, or there is no leaf."""
    with pytest.raises(ValueError, match=r"no\.such"):
        ChangeLeaves(Pseudonyms(ring)).leaf(replace(DUE, event="no.such"))
