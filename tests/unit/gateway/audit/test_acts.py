"""Acts of people as leaves: what stands in them, and what never does."""

import hashlib
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rfc8785
from msgspec import json

from gateway.audit.acts import Acts, By
from gateway.audit.events import Changed, Event, Method, Op
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Change, body, salted_digest
from gateway.audit.pseudonyms import Pseudonyms, Scheme
from gateway.audit.stamps import stamp
from gateway.audit.words import NotAllowedInLeaf

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
AUDITOR = By(id="kiem-toan-1", agency="H31.TTra", acr="loa3")
NUMBER = "003099000017"


@pytest.fixture
def pseudonyms(tmp_path: Path) -> Pseudonyms:
    """Give the pseudonyms of a fresh ring."""
    return Pseudonyms(Keyring(tmp_path / "ring"))


@pytest.fixture
def acts(pseudonyms: Pseudonyms) -> Acts:
    """Give a writer of leaves whose clock stands still."""
    return Acts(pseudonyms, lambda: AT)


def test_a_search_by_person_names_neither_the_person_nor_the_auditor(
    acts: Acts, pseudonyms: Pseudonyms
) -> None:
    """Who looked for whom can be found by those who hold the keys, and by nobody else."""
    leaf = acts.leaf(
        Event.AUDIT_SEARCH,
        AUDITOR,
        route="/v1/audit/search",
        method=Method.POST,
        request=b'{"so_dinh_danh":"003099000017"}',
        subjects=((Scheme.CITIZEN, NUMBER), (Scheme.CITIZEN, f" {NUMBER}")),
        dossier="H31.12-261121-0001",
    )

    assert leaf.actor is not None
    assert pseudonyms.of(Scheme.OFFICIAL, "kiem-toan-1", "2026") == leaf.actor.user
    assert leaf.subj is not None
    assert (pseudonyms.of(Scheme.CITIZEN, NUMBER, "2026"),) == leaf.subj.p
    assert leaf.basis is not None
    assert pseudonyms.of(Scheme.DOSSIER, "H31.12-261121-0001", "2026") == leaf.basis.dossier
    assert leaf.op is Op.SEARCH
    written = body(leaf)
    assert not any(word in written for word in (NUMBER.encode(), b"kiem-toan", b"261121"))


def test_the_request_is_kept_as_a_digest_that_can_be_opened(
    acts: Acts, pseudonyms: Pseudonyms
) -> None:
    """An auditor can later be held to what was asked, and nobody can guess it from the leaf."""
    asked = b'{"q":"agency:H31.12"}'
    leaf = acts.leaf(Event.AUDIT_EXPORT, AUDITOR, route="/v1/audit/exports", request=asked)

    assert leaf.req is not None
    assert salted_digest(pseudonyms.opening(leaf.id, "2026"), asked) == leaf.req.d


def test_a_change_names_the_states_before_and_after(acts: Acts) -> None:
    """Both digests stand in the leaf itself, so no other record is needed to compare them."""
    before, after = hashlib.sha256(b"old").hexdigest(), hashlib.sha256(b"new").hexdigest()
    change = Change(kind=Changed.SERVICE, id="dancu.tracuu", rev=4, hash=after)
    leaf = acts.leaf(
        Event.CATALOG_PUBLISH,
        AUDITOR,
        route="catalog:apply",
        method=Method.COMMAND,
        change=change,
        before=before,
    )

    assert leaf.req is not None
    assert leaf.req.d is not None
    assert before == urlsafe_b64decode(leaf.req.d + "=").hex()
    assert leaf.change is not None
    assert after == leaf.change.hash


def test_a_leaf_of_an_earlier_instant_uses_that_years_keys(
    acts: Acts, pseudonyms: Pseudonyms
) -> None:
    """An act on New Year's Eve that is written the next morning can still be found."""
    mark = stamp(datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
    leaf = acts.leaf(
        Event.AUDIT_SEARCH, AUDITOR, route="/v1/audit/search", subjects=((Scheme.CITIZEN, NUMBER),),
        mark=mark,
    )  # fmt: skip

    assert mark.id == leaf.id
    assert leaf.subj is not None
    assert ("2025", (pseudonyms.of(Scheme.CITIZEN, NUMBER, "2025"),)) == (leaf.subj.k, leaf.subj.p)


def test_the_gateway_itself_acts_without_a_person(acts: Acts) -> None:
    """An archive that verifies itself at night has no official to name."""
    change = Change(kind=Changed.ARCHIVE, id="2026-11-20", hash="0" * 64)
    leaf = acts.leaf(Event.ARCHIVE_VERIFY, None, route="retention:archive", change=change)

    assert leaf.actor is None
    assert leaf.op is None


@pytest.mark.parametrize("route", ["/v1/people/003099000017", "catalog apply", ""])
def test_a_route_that_is_no_template_is_refused(acts: Acts, route: str) -> None:
    """A raw path may hold a number; what is refused is not repeated in the error."""
    with pytest.raises(NotAllowedInLeaf) as refused:
        acts.leaf(Event.AUDIT_SEARCH, AUDITOR, route=route)

    assert NUMBER not in str(refused.value)


def test_an_act_without_what_its_type_needs_is_refused(acts: Acts) -> None:
    """A confirmation of nothing would say nothing to whoever reads it later."""
    with pytest.raises(NotAllowedInLeaf):
        acts.leaf(Event.FINDING_CONFIRM, AUDITOR, route="/v1/findings/{id}/confirm")


def test_an_act_is_canonical_as_it_stands(acts: Acts) -> None:
    """Strangers recompute the leaf hash from the JSON alone."""
    leaf = acts.leaf(Event.OWN_READ, By(id="cd-1"), route="/v1/own/accesses",
                     subjects=((Scheme.CITIZEN, NUMBER),), n=1)  # fmt: skip

    assert rfc8785.dumps(json.decode(body(leaf))) == body(leaf)
