"""One entry has one spelling."""

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import rfc8785
from msgspec import Struct

from catalog.canonical import UNREAD, Pool, Stored, canonical, digest, plain, restore
from catalog.kinds import GIVEN, Entry, Kind, key_of
from tests.catalog_builders import agreement, element, entries, scope, service


def stored(entry: object, **members: object) -> Stored:
    """Return *entry* as the database would hold it."""
    document = canonical(entry)  # type: ignore[arg-type]
    kind = key_of(entry)[0]  # type: ignore[arg-type]
    whole = {"kind": kind, "document": document, "rev": 3, "digest": digest(document)}
    return Stored(**({"state": None} | whole | members))  # type: ignore[arg-type]


def test_the_spelling_is_that_of_rfc_8785() -> None:
    """A stranger's program computes the same digest."""
    for entry in entries():
        document = canonical(entry)
        assert rfc8785.dumps(json.loads(document)) == document
        assert sha256(document).hexdigest() == digest(document)


def test_sets_and_defaults_do_not_change_the_spelling() -> None:
    """The order of a set is no content, and a default that is written out is one still."""
    many = frozenset({"d", "a", "c", "b"})

    assert b'"elements":["a","b","c","d"]' in canonical(service(elements=many))
    assert canonical(service()) == canonical(service(deadline_ms=3000, strict=False))


def test_what_is_stored_comes_back_with_what_the_catalog_gives() -> None:
    """Number, digest and state are the catalog's; the rest is the document's."""
    for entry in entries():
        state = getattr(entry, "state", None)
        back = restore(stored(entry, state=state))

        assert canonical(entry) == canonical(back)
        if key_of(entry)[0] in GIVEN:
            assert (3, state) == (getattr(back, "rev", 0), getattr(back, "state", 0))
    assert Kind.AGREEMENT in GIVEN


def test_an_instant_keeps_its_meaning_in_any_zone() -> None:
    """Midnight in Việt Nam is five in the afternoon of the day before."""
    local = datetime(2028, 1, 1, 7, tzinfo=timezone(timedelta(hours=7)))
    back = restore(stored(agreement(valid_to=local), state="active"))

    assert local == getattr(back, "valid_to", None)


def leaned(pool: Pool, entry: Entry, state: str) -> Any:
    """Return *entry* as a worker holds it."""
    return pool.lean(restore(stored(entry, state=state)))


def test_parts_that_are_equal_are_kept_once() -> None:
    """A worker holds 100,000 agreements."""
    pool = Pool()
    one, other = (leaned(pool, agreement(code=code), "active") for code in ("TT-1", "TT-2"))

    assert one.scopes is other.scopes
    assert one.systems is other.systems
    assert one.valid_to is other.valid_to
    assert (scope(),) == one.scopes
    assert UNREAD is one.items


def test_parts_are_kept_once_where_the_whole_differs() -> None:
    """Most lines of most agreements differ in a number."""
    pool = Pool()
    one = leaned(pool, agreement(), "active")
    other = leaned(pool, agreement(scope(calls_per_day=7), code="TT-2"), "active")

    assert (None, 7) == (one.scopes[0].calls_per_day, other.scopes[0].calls_per_day)
    assert one.scopes[0].elements is other.scopes[0].elements


def test_services_share_what_is_equal() -> None:
    """A worker holds 10,000 services."""
    pool = Pool()
    one, other = (leaned(pool, service(code=code), "published") for code in ("a.b", "a.c"))

    assert one.elements is other.elements
    assert service(code="a.c").elements == other.elements
    assert ("a.b", "a.c") == (one.code, other.code)


def test_the_same_instant_of_two_zones_is_not_shared() -> None:
    """Its day is another one."""
    pool = Pool()
    hanoi = datetime(2028, 1, 1, 3, tzinfo=timezone(timedelta(hours=7)))
    zones = {
        leaned(pool, agreement(valid_to=end), "active").valid_to.utcoffset()
        for end in (hanoi, hanoi.astimezone(UTC))
    }

    assert {timedelta(), timedelta(hours=7)} == zones


def test_two_contents_have_two_digests() -> None:
    """A digest that never changed would let every change through."""
    assert digest(canonical(element())) != digest(canonical(element(grade=3)))


def test_a_default_that_is_made_anew_is_left_out_too() -> None:
    """A member added later with an empty table must not change old digests."""

    class Later(Struct, frozen=True):
        old: int
        new: dict[str, int] = {}

    assert {"old": 1} == plain(Later(1))
    assert {"old": 1, "new": {"a": 2}} == plain(Later(1, {"a": 2}))
