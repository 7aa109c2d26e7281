"""What the record says of an official: a pseudonym, and whether a family name is shared."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auth.principals import Official
from auth.signatures.evidence import Evidence
from auth.signatures.requests import Proven
from gateway.audit.details import opened
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import body, salted_digest
from gateway.audit.pseudonyms import Pseudonyms, epoch_of
from gateway.errors import Code
from gateway.stages.authorise import authorise
from gateway.stages.evidence import Consented, Released
from gateway.stages.leaves import Leaves
from gateway.stages.minimise import minimise
from tests.builders import NOON, a_principal, a_subject, answered, asked, consented, resolved

FIELDS = frozenset({"ho_ten", "thuong_tru"})
HAS: dict[str, object] = {"ho_ten": "Nguyễn Thị Ánh", "thuong_tru": "Xã Ba Bể"}
OFFICIAL = Official(id="cb-01", agency="H99.30.01", acr="urn:acr:2", name="Nguyễn Văn Bình")


@pytest.fixture
def pseudonyms(tmp_path: Path) -> Pseudonyms:
    """Return pseudonyms with keys of their own."""
    return Pseudonyms(Keyring(tmp_path / "keys"))


@pytest.fixture
def leaves(pseudonyms: Pseudonyms) -> Leaves:
    """Return a writer of leaves."""
    return Leaves(pseudonyms, lambda: NOON)


def granted(official: Official | None, name: str | None = "Nguyễn Thị Ánh") -> Consented:
    """Return a question by *official* about a person of *name* that may be answered."""
    question = asked(subject=a_subject(ho_ten=name))
    principal = replace(a_principal(), official=official)
    of = resolved(question, principal=principal)
    return consented(of, authorise(of), FIELDS)


def released(by: Consented, values: dict[str, object] | None = None) -> Released:
    """Return the answer to *by*."""
    return minimise(answered(by, HAS if values is None else values))


def actor(content: bytes) -> dict[str, Any]:
    """Return what a record says of who asked."""
    return json.loads(content)["actor"]


@pytest.mark.parametrize(
    ("official", "asked_for", "expected"),
    [
        (OFFICIAL, "Nguyễn Thị Ánh", True),
        (OFFICIAL, None, True),  # the released name is compared
        (replace(OFFICIAL, name="Đỗ Văn Lãm"), "Nguyễn Thị Ánh", False),
    ],
)
def test_an_access_says_whether_the_family_name_is_shared(
    leaves: Leaves, official: Official, asked_for: str | None, *, expected: bool
) -> None:
    """One boolean in its place, and no name."""
    record = leaves.access(released(granted(official, asked_for)), b"{}")

    assert expected is actor(record.content)["kin"]
    assert sorted(actor(record.content)) == list(actor(record.content))
    assert not any(word in record.content.decode() for word in ("Nguy", "B\\u00ec", "Lãm"))
    assert record.id == record.follows


@pytest.mark.parametrize(
    ("official", "values"),
    [(None, HAS), (replace(OFFICIAL, name=None), HAS), (OFFICIAL, {"thuong_tru": "Xã Ba Bể"})],
)
def test_an_unknown_name_leaves_no_member(
    leaves: Leaves, official: Official | None, values: dict[str, object]
) -> None:
    """Calls of systems and of officials without names read as they always did."""
    record = leaves.access(released(granted(official, None), values), b"{}")

    assert "kin" not in actor(record.content)


def test_an_access_with_kinship_differs_from_a_form_by_one_member(leaves: Leaves) -> None:
    """The checked way and the form say the same of everything else."""
    plain = json.loads(
        leaves.access(released(granted(replace(OFFICIAL, name=None))), b"{}").content
    )
    named = json.loads(leaves.access(released(granted(OFFICIAL)), b"{}").content)
    different = {"id", "salt", "actor", "req", "res"}  # salted anew each time

    assert {**plain["actor"], "kin": True} == named["actor"]
    assert {k: v for k, v in plain.items() if k not in different} == {
        k: v for k, v in named.items() if k not in different
    }
    for part in ("req", "res"):
        assert {**plain[part], "d": ""} == {**named[part], "d": ""}


def test_announced_and_refused_questions_compare_the_name_asked_for(leaves: Leaves) -> None:
    """Nothing was released yet, or ever."""
    by = granted(OFFICIAL)
    question = by.identified.asked
    intent = leaves.intent(by)
    deny = leaves.deny(question, by, Code.QUOTA)
    unnamed = leaves.deny(replace(question, subject=a_subject(ho_ten=None)), by, Code.QUOTA)

    assert actor(intent.content)["kin"] is True
    assert actor(body(deny))["kin"] is True
    assert "kin" not in actor(body(unnamed))


@pytest.mark.parametrize("announced", [False, True])
def test_a_signed_question_commits_to_what_is_sealed_beside_its_record(
    leaves: Leaves, pseudonyms: Pseudonyms, *, announced: bool
) -> None:
    """Whoever holds the keys can show the signature; the rows alone show nothing of the token."""
    evidence = Evidence(base='"authorization": Bearer x', signature="eA==", jwk={}, label="sig1")
    by = replace(granted(None), signed=Proven(evidence=evidence, created=1))

    record = leaves.intent(by) if announced else leaves.access(released(by), b"{}")
    beside = record.beside

    assert beside is not None
    opening = pseudonyms.opening(record.id, beside.epoch)
    assert salted_digest(opening, beside.box) == json.loads(record.content)["det"]
    assert evidence.encoded() == opened(opening, beside.box)
    assert b"authorization" not in beside.box


def test_digests_are_of_the_question_and_of_the_answer(
    leaves: Leaves, pseudonyms: Pseudonyms
) -> None:
    """Whoever holds a body and the keys can show which record is about it, whichever leaf it is."""
    question, answer = b'{"subject":{}}', b'{"record":{}}'
    one = resolved(asked(raw=question))
    by = consented(one, authorise(one), FIELDS)
    of = by.identified.asked

    def digests(content: bytes) -> tuple[bool, bool]:
        leaf = json.loads(content)
        opening = pseudonyms.opening(leaf["id"], epoch_of(NOON))
        return (
            salted_digest(opening, question) == leaf["req"].get("d"),
            salted_digest(opening, answer) == leaf["res"].get("d"),
        )

    access = leaves.access(released(by), answer)
    assert (True, True) == digests(access.content)
    assert (True, False) == digests(leaves.intent(by).content)
    assert (False, True) == digests(body(leaves.fulfilled(access.id, released(by), answer)))
    assert (True, False) == digests(body(leaves.deny(of, by, Code.QUOTA)))


def test_every_leaf_names_what_left_or_may_leave(leaves: Leaves) -> None:
    """An intent names all that may leave, what follows it and an access only what did."""
    by = granted(None)
    partly = released(by, {"ho_ten": "Nguyễn Thị Ánh"})

    def fields(content: bytes) -> list[str]:
        return json.loads(content)["target"].get("fields", [])

    access = leaves.access(partly, b"{}")
    assert ["ho_ten"] == fields(access.content)
    assert ["ho_ten"] == fields(body(leaves.fulfilled(access.id, partly, b"{}")))
    assert sorted(FIELDS) == fields(leaves.intent(by).content)
    question = by.identified.asked
    assert [] == fields(body(leaves.deny(question, by, Code.QUOTA)))
