"""One record: its shape, its canonical bytes, its hash."""

import hashlib
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import leaf as leaves
from gateway.audit.chain import link
from gateway.audit.events import Changed, Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import (
    LONGEST_ENTRY_BYTES,
    Actor,
    Block,
    Change,
    Ground,
    Last,
    Leaf,
    LeafTooLong,
    Life,
    Noise,
    Request,
    Result,
    Subjects,
    Target,
    body,
    leaf_hash,
    outcome,
    parse,
    root_of,
    salted_digest,
    subjects,
)
from gateway.audit.needs import NEEDED
from gateway.audit.words import NotAllowedInLeaf
from gateway.errors import Code
from tests.audit_builders import PSEUDONYM, a_position, a_stamp, an_access

codes = st.from_regex(r"[A-Za-z][A-Za-z_.-]{0,30}", fullmatch=True)
pseudonyms = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=32, max_size=32)
digests = st.from_regex(r"[A-Za-z0-9_-]{43}", fullmatch=True)
hashes = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
uuids = st.uuids(version=4).map(str)
numbers = st.integers(0, 2**53 - 1)
words = st.lists(codes, max_size=5).map(tuple)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return the strategy, or nothing."""
    return st.none() | strategy


actors = st.builds(
    Actor,
    org=codes,
    client=maybe(codes),
    user=maybe(pseudonyms),
    cnf=maybe(digests),
    kin=maybe(st.booleans()),
    acr=maybe(codes),
    amr=words,
)
people = st.lists(pseudonyms, min_size=1, max_size=32).map(lambda p: Subjects(k="2026", p=tuple(p)))
targets = st.builds(
    Target, dataset=maybe(codes), service=codes, asked=words, fields=words, sens=maybe(numbers)
)
grounds = st.builds(
    Ground,
    decision=st.sampled_from(Decision),
    reasons=st.lists(st.sampled_from(Code), max_size=4).map(tuple),
    purpose=maybe(codes),
    dossier=maybe(pseudonyms),
    agreement=maybe(codes),
)
requests = st.builds(
    Request,
    id=maybe(uuids),
    m=maybe(st.sampled_from(Method)),
    d=maybe(digests),
    route=st.just("/v1/data/{service}"),
)
results = st.builds(
    Result,
    status=numbers,
    bytes=maybe(numbers),
    rows=maybe(numbers),
    match=maybe(st.sampled_from(Matched)),
    delivered=maybe(st.sampled_from(Delivered)),
    d=maybe(digests),
)
changes = st.builds(
    Change, id=codes, kind=st.sampled_from(Changed), rev=maybe(numbers), hash=maybe(hashes)
)
noises = st.builds(Noise, code=st.sampled_from(Code), n=numbers, peer=maybe(pseudonyms))
lives = st.builds(
    Life, node=codes, prior=maybe(st.builds(Last, id=codes, leaf=hashes, seq=numbers))
)


def any_leaf() -> st.SearchStrategy[Leaf]:
    """Draw a leaf with every block filled at random."""
    return st.builds(
        Leaf,
        id=uuids,
        ts=numbers,
        salt=st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True),
        type=st.sampled_from(Event),
        op=st.sampled_from(Op),
        ms=maybe(numbers),
        n=maybe(numbers),
        of=uuids,
        det=maybe(digests),
        actor=actors,
        subj=people,
        target=targets,
        basis=grounds,
        req=requests,
        res=results,
        change=changes,
        noise=st.lists(noises, min_size=1, max_size=3).map(tuple),
        life=lives,
    )


@given(any_leaf())
def test_our_bytes_are_what_an_outside_canonicaliser_writes(leaf: Leaf) -> None:
    """Whoever checks the log canonicalises with a program that is not ours."""
    (entry,) = link(a_position(), [body(leaf)]).entries

    assert rfc8785.dumps(json.loads(entry)) == entry


@given(any_leaf())
def test_a_record_reads_back_as_it_was_written(leaf: Leaf) -> None:
    """Nothing is lost on the way to the database and back."""
    (entry,) = link(a_position(), [body(leaf)]).entries

    assert msgspec.structs.asdict(leaf).items() <= msgspec.structs.asdict(parse(entry)).items()


@pytest.mark.parametrize(
    "block",
    [one for one in vars(leaves).values() if isinstance(one, type) and issubclass(one, Block)],
)
def test_members_stand_in_alphabetical_order(block: type[Block]) -> None:
    """Plain encoding is canonical only as long as this holds."""
    names = list(block.__struct_encode_fields__)
    names = names if block is not leaves.Numbered else names[:-2]

    assert sorted(names) == names


@pytest.mark.parametrize("event", list(NEEDED))
def test_a_leaf_lacks_nothing_its_type_needs(event: Event) -> None:
    """An access without actor, basis or subject would be no evidence."""
    mark = a_stamp()

    with pytest.raises(NotAllowedInLeaf):
        Leaf(id=mark.id, ts=mark.ts, salt=mark.salt, type=event)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Actor(user="Nguyễn Thị Ánh"),
        lambda: Actor(org="003190000123"),
        lambda: Actor(kin="Nguyễn"),  # type: ignore[arg-type]
        lambda: Actor(kin=1),  # type: ignore[arg-type]
        lambda: Subjects(k="2026", p=("003190000123",)),
        lambda: Subjects(k="2026"),
        lambda: Target(fields=("Hà Nội",)),
        lambda: Ground(decision="allow"),  # type: ignore[arg-type]
        lambda: Ground(decision=Decision.ALLOW, dossier="000.01.02.H30-261120-0001"),
        lambda: Request(route="/v1/data?id=003190000123"),
        lambda: Request(id="whatever"),
        lambda: Result(d="x"),
        lambda: Result(bytes=2**53),
    ],
)  # fmt: skip
def test_no_free_text_reaches_a_leaf(wrong: Callable[[], Block]) -> None:
    """Constructors take codes, ids, digests and pseudonyms, nothing else."""
    with pytest.raises(NotAllowedInLeaf):
        wrong()


def test_the_hash_of_a_leaf_is_that_of_rfc_6962() -> None:
    """The standard's own example: the hash of the empty leaf."""
    expected = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"

    assert expected == leaf_hash(b"").hex()


@pytest.mark.parametrize("excess", [0, 1])
def test_the_longest_entry_still_fits_and_one_byte_more_does_not(excess: int) -> None:
    """Its length has two bytes in a tile bundle."""
    entry = b"x" * (LONGEST_ENTRY_BYTES + excess)

    if excess:
        with pytest.raises(LeafTooLong):
            leaf_hash(entry)
    else:
        assert len(leaf_hash(entry)) == 32


def test_a_root_is_that_of_rfc_6962() -> None:
    """The tree of three leaves, written out by hand."""
    one, two, three = (leaf_hash(bytes([n])) for n in range(3))
    left = hashlib.sha256(b"\x01" + one + two).digest()

    assert hashlib.sha256(b"\x01" + left + three).digest() == root_of([one, two, three])


def test_many_people_are_named_by_root_and_count() -> None:
    """A list of thousands would not fit a leaf; the order of asking must not matter."""
    people = tuple(f"{'a' * 30}{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(33))

    named = subjects("2026", people)

    assert (33, ()) == (named.n, named.p)
    assert subjects("2026", people[::-1]) == named


def test_an_outcome_names_the_access_it_continues() -> None:
    """Both can be joined by leaf and by exchange."""
    access = an_access()

    assert access.req is not None

    after = outcome(a_stamp(), access.id, access.req.id, Delivered.NO)

    assert access.id == after.of
    assert Request(id=access.req.id) == after.req


def test_a_digest_depends_on_its_opening() -> None:
    """Two equal answers cannot be seen to be equal from the record."""
    assert salted_digest(b"a" * 16, b"body") != salted_digest(b"b" * 16, b"body")


def test_a_digest_is_sha256_of_opening_and_content() -> None:
    """Documented, so that a caller can check it with standard tools."""
    expected = hashlib.sha256(b"o" * 16 + b"body").digest()
    text = salted_digest(b"o" * 16, b"body")

    assert expected == urlsafe_b64decode(text + "=")


def test_a_leaf_of_one_read_stays_small() -> None:
    """6 GB a day at 100 records a second are reckoned with 700 to 1,200 bytes."""
    assert 1_300 > len(link(a_position(), [body(an_access())]).entries[0])
    assert PSEUDONYM.encode() in body(an_access())
