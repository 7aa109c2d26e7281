"""Deciding again: what was released as recorded stands, and every other release does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from catalog.canonical import canonical, digest
from catalog.entries import Agreement, Answer, PersonalKind, PurposeKind
from catalog.kinds import Entry, Kind, key_of
from gateway.audit.chain import link
from gateway.audit.leaf import Actor, Ground, Leaf, Target, body
from gateway.audit.stamps import stamp
from gateway.consents.grants import Grant
from gateway.verification.decisions import (
    Access,
    Disagreement,
    Sampler,
    Undecidable,
    access_of,
    redecide,
)
from gateway.verification.history import BLUR, History, Move, Version
from gateway.verification.rows import Row
from tests import catalog_builders as catalog
from tests.audit_builders import DAY, PSEUDONYM, a_deny, a_position, an_access
from tests.consent_builders import a_grant

NOON = datetime(2026, 11, 21, 5, tzinfo=UTC)
BEFORE = NOON - timedelta(days=30)


def version(entry: Entry, rev: int = 1, at: datetime = BEFORE) -> Version:
    """Return *entry* as it was published."""
    kind, code = key_of(entry)
    document = canonical(entry)
    return Version(kind, code, rev, digest(document), document, at)


def history(
    *others: Entry, moves: tuple[Move, ...] = (), later: tuple[Version, ...] = ()
) -> History:
    """Return a small catalog, published a month ago, and what came after."""
    procedure = catalog.procedure(competent=("H99.20", "H99.30"))
    known = catalog.entries(procedure, *others)
    return History([*map(version, known), *later], moves)


def reference(agreement: Agreement) -> str:
    """Return how a record names *agreement*."""
    return f"{agreement.code}@1#{version(agreement).digest[:32]}"


def a_record(at: datetime = NOON, **changes: Any) -> Leaf:
    """Return the record of a release that the small catalog allows."""
    leaf = an_access(stamp(at))
    target = Target(
        dataset="csdl.dancu", service="dancu.tracuu", ver="1.0.0", src="population",
        asked=("ho_ten",), fields=("ho_ten",), sens=2,
    )  # fmt: skip
    basis = replace(
        leaf.basis or Ground(decision="allow"),  # type: ignore[arg-type]
        agreement=reference(catalog.agreement()),
        law="nd217-2026-d7k3",
        policy="tat-ca",
        purpose="giai-quyet-tthc",
        proc="1.013225",
        dossier=PSEUDONYM,
        consent=None,
    )
    actor = Actor(org="H99.30.01", client="motcua-xa")
    given = {"actor": actor, "basis": basis, "target": target}
    for name, members in changes.items():
        given[name] = replace(given[name], **members)
    return replace(leaf, **given)


def access(leaf: Leaf) -> Access:
    """Return *leaf* as the replay reads it."""
    found = access_of(link(a_position(), [body(leaf)]).entries[0])
    assert found is not None
    return found


def stands(leaf: Leaf, known: History, *grants: Grant) -> bool:
    """Say whether the rules of its instant allow *leaf* as it is recorded."""
    try:
        redecide(access(leaf), known, grants)
    except Disagreement:
        return False
    return True


def test_a_release_that_the_rules_allow_stands() -> None:
    """The other tests mean something only beside this one."""
    assert stands(a_record(), history())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"basis": {"agreement": "TT-2026-0001@1#" + "ab" * 16}}, "another text"),
        ({"actor": {"org": "H99.20"}}, "not with this agency"),
        ({"actor": {"client": "motcua-tinh"}}, "not with this agency"),
        ({"target": {"ver": "2.0.0"}}, "another version"),
        ({"target": {"src": "land"}}, "another version"),
        ({"target": {"fields": ("ho_ten", "thuong_tru")}}, "not asked for"),
        ({"target": {"asked": (), "fields": ("thuong_tru",)}}, "outside agreement"),
        ({"target": {"fields": ("ton_giao",), "asked": ()}}, "dictionary"),
        ({"target": {"sens": 1}}, "grade"),
        ({"basis": {"purpose": "tiep-thi"}}, "purpose was not"),
        ({"basis": {"proc": "1.000000"}}, "procedure was not"),
        ({"basis": {"proc": None}}, "needs a procedure"),
        ({"basis": {"dossier": None}}, "dossier"),
        ({"basis": {"policy": "dong-khac"}}, "ground that is recorded"),
        ({"basis": {"law": "luat-khac"}}, "ground that is recorded"),
        ({"basis": {"law": None}}, "ground that is recorded"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_release_that_the_rules_do_not_allow_is_named(changes: Any, says: str) -> None:
    """Each member of the record is held against the catalog of its instant."""
    with pytest.raises(Disagreement, match=says):
        redecide(access(a_record(**changes)), history(), ())


def test_a_release_after_a_suspension_is_named_and_one_before_it_stands() -> None:
    """The catalog counts as it stood then, not as it stands now."""
    suspended = Move(Kind.AGREEMENT, "TT-2026-0001", "suspended", NOON)

    assert stands(a_record(NOON - timedelta(hours=1)), history(moves=(suspended,)))
    with pytest.raises(Disagreement, match="suspended"):
        redecide(access(a_record(NOON + timedelta(hours=1))), history(moves=(suspended,)), ())


def test_a_worker_may_be_a_moment_late() -> None:
    """Workers read the catalog twice a second; the record of that moment is not wrong."""
    other = version(catalog.rule(code="moi", order=1, needs=frozenset()), at=NOON)

    assert stands(a_record(NOON + BLUR / 2), history(later=(other,)))
    assert not stands(a_record(NOON + BLUR * 2), history(later=(other,)))


def test_an_agreement_that_is_nowhere_cannot_be_decided_again() -> None:
    """Saying that it is wrong would be as false as saying that it is right."""
    with pytest.raises(Undecidable):
        redecide(
            access(a_record(basis={"agreement": "TT-2026-0009@1#" + "ab" * 16})), history(), ()
        )


CONSENTED = (
    catalog.rule(answer=Answer.CONSENT, needs=frozenset()),
    catalog.purpose(code="giai-quyet-tthc", kind=PurposeKind.THIRD_PARTY),
)


def consent(**changes: Any):  # noqa: ANN201
    """Return a consent for the very use of the record."""
    whole: dict[str, Any] = {
        "id": "dong-y-1", "seq": 3, "recipient": "H99.30.01", "purpose": "giai-quyet-tthc",
        "service": "dancu.tracuu", "given_at": BEFORE, "days": 60,
    }  # fmt: skip
    return a_grant("ho_ten", **(whole | changes))


def test_a_release_on_consent_stands_with_that_consent_alone() -> None:
    """A consent names its recipient, its purpose, its service and its fields."""
    leaf = a_record(basis={"consent": "dong-y-1@3", "law": None})
    known = history(*CONSENTED)

    assert stands(leaf, known, consent())
    for wrong in (
        consent(recipient="H99.20"),
        consent(purpose="khac"),
        consent(service="khac"),
        consent(state="withdrawn"),
        consent(days=3),
        consent(elements=frozenset({"thuong_tru"})),
        consent(seq=2),
    ):
        assert not stands(leaf, known, wrong)


def test_a_sensitive_field_needs_a_notice_that_said_so() -> None:
    """NĐ 356/2025 Art 6: the person is told that it is sensitive."""
    leaf = a_record(basis={"consent": "dong-y-1@3", "law": None})
    known = history(*CONSENTED, catalog.element(personal_kind=PersonalKind.SENSITIVE))

    assert stands(leaf, known, consent(told_sensitive=frozenset({"ho_ten"})))
    assert not stands(leaf, known, consent())


def test_a_sample_holds_accesses_alone_and_no_more_than_asked() -> None:
    """A million records are sampled in memory that does not grow."""
    leaves = [an_access() if n % 2 else a_deny() for n in range(100)]
    entries = link(a_position(), [body(leaf) for leaf in leaves]).entries
    sampler = Sampler(10)
    for index, entry in enumerate(entries):
        sampler.take(Row(index, DAY, "w", index, entry, b""))

    assert 10 == len(sampler.sample)
    assert all(row.index % 2 for row in sampler.sample)
