"""The form of accesses: byte for byte what the checked structs write."""

import hashlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.audit.events import Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import (
    Actor,
    Ground,
    Leaf,
    Request,
    Result,
    Subjects,
    Target,
    body,
    outcome,
)
from gateway.audit.prepared import Fixed, Form, Found, access, prepared
from gateway.audit.words import NotAllowedInLeaf
from gateway.errors import Code
from tests.audit_builders import a_deny, a_stamp, an_access

ROUTE = "/v1/data/{service}"
DIGESTS = st.binary(max_size=8).map(
    lambda seed: urlsafe_b64encode(hashlib.sha256(seed).digest())[:-1].decode()
)
PSEUDONYMS = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=32, max_size=32)
NUMBERS = st.integers(0, 2**50)
FIELDS = st.lists(st.sampled_from(["ho_ten", "ngay_sinh", "thuong_tru"]), unique=True).map(tuple)

FIXED = st.builds(
    Fixed,
    actor=st.builds(
        Actor,
        org=st.sampled_from(["H31.12", "H99.30"]),
        client=st.sampled_from(["mot-cua", "ngan-hang"]),
        cnf=st.none() | DIGESTS,
        kin=st.none() | st.booleans(),
        user=st.none() | PSEUDONYMS,
        acr=st.sampled_from([None, "urn:acr:2"]),
        amr=st.sampled_from([(), ("pwd", "otp")]),
    ),
    basis=st.builds(
        Ground,
        decision=st.just(Decision.ALLOW),
        agreement=st.sampled_from([None, "TT-2026-0001@3#" + "ab" * 16]),
        consent=st.sampled_from([None, "0198a000-0000-7000-8000-000000000001@2"]),
        law=st.sampled_from([None, "nd217-2026-d7k3"]),
        policy=st.sampled_from([None, "R01"]),
        proc=st.sampled_from([None, "1.004222"]),
        purpose=st.just("giai-quyet-tthc"),
    ),
    target=st.builds(
        Target,
        asked=FIELDS,
        fields=FIELDS,
        dataset=st.just("csdl.dancu"),
        service=st.just("dancu.tracuu"),
        sens=st.sampled_from([None, 1, 4]),
        src=st.just("population"),
        ver=st.just("1.0.0"),
    ),
    epoch=st.sampled_from(["2026", "2027"]),
    method=st.sampled_from([None, Method.POST]),
    route=st.just(ROUTE),
)
FOUND = st.builds(
    Found,
    id=st.uuids(version=4).map(str),
    ts=NUMBERS,
    salt=st.binary(min_size=16, max_size=16).map(lambda b: urlsafe_b64encode(b)[:22].decode()),
    ms=NUMBERS,
    n=st.integers(0, 1),
    person=PSEUDONYMS,
    successor=st.none() | PSEUDONYMS,
    dossier=st.none() | PSEUDONYMS,
    digest=DIGESTS,
    request=st.uuids(version=4).map(str),
    trace=st.sampled_from([None, "4bf92f3577b34da6a3ce929d0e0e4736"]),
    match=st.sampled_from(Matched),
    size=NUMBERS,
    answer_digest=DIGESTS,
)


def by_structs(fixed: Fixed, found: Found) -> Leaf:
    """Return the same access, built from checked structs alone."""
    return Leaf(
        id=found.id,
        ts=found.ts,
        salt=found.salt,
        type=Event.ACCESS,
        op=Op.READ,
        n=found.n,
        ms=found.ms,
        actor=fixed.actor,
        subj=Subjects(
            k=fixed.epoch, p=(found.person, *([found.successor] if found.successor else []))
        ),
        target=fixed.target,
        basis=replace(fixed.basis, dossier=found.dossier),
        req=Request(
            m=fixed.method, route=fixed.route, id=found.request, trace=found.trace, d=found.digest
        ),
        res=Result(
            status=200,
            match=found.match,
            bytes=found.size,
            rows=1,
            d=found.answer_digest,
            delivered=Delivered.YES,
        ),
    )


@given(FIXED, FOUND)
def test_a_filled_form_is_what_the_structs_write(fixed: Fixed, found: Found) -> None:
    """The quick way and the checked way must never drift apart."""
    record = Form(fixed).filled(found)

    assert body(by_structs(fixed, found)) == record.content
    assert record == prepared(access(fixed, found))
    assert (found.id, found.request, found.id) == (record.id, record.request, record.follows)


@given(FIXED, FOUND, FOUND)
def test_a_form_forgets_what_it_was_filled_with(fixed: Fixed, one: Found, two: Found) -> None:
    """One form serves all people: nothing of one may stand in the record of the next."""
    form = Form(fixed)
    form.filled(one)

    assert body(by_structs(fixed, two)) == form.filled(two).content


@given(FIXED, FOUND)
def test_an_access_to_nobody_is_not_written(fixed: Fixed, found: Found) -> None:
    """A record without its subject could never be shown to anybody."""
    with pytest.raises(NotAllowedInLeaf):
        Form(fixed).filled(replace(found, person=""))
    with pytest.raises(NotAllowedInLeaf):
        access(fixed, replace(found, person=""))


def test_a_leaf_is_prepared_with_what_an_outcome_needs() -> None:
    """An undelivered answer is followed by an outcome; a refusal is not."""
    access, deny = an_access(), a_deny(Code.NO_AGREEMENT)

    assert access.req is not None
    assert (access.id, access.req.id, body(access)) == (
        prepared(access).follows,
        prepared(access).request,
        prepared(access).content,
    )
    assert prepared(deny).follows is None


def test_an_intent_is_followed_only_once_it_was_fulfilled() -> None:
    """It says already that nobody knows whether the data left."""
    intent = an_access(delivered=Delivered.UNKNOWN)

    assert prepared(intent).follows is None
    assert intent.id == prepared(outcome(a_stamp(), intent.id, None, Delivered.YES)).follows
