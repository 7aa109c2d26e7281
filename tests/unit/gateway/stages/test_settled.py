"""Decisions remembered for a second: never for longer, never across people who differ."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from adapters.protocol import Subject
from catalog.snapshot import Snapshot
from gateway.stages.evidence import Consented, Identified
from gateway.stages.settled import Settled, kind_of
from tests.builders import (
    NOON,
    a_principal,
    a_snapshot,
    a_subject,
    asked,
    consented,
    identified,
    resolved,
)
from tests.unit.gateway.stages.test_authorise import authorise


def decided(question: Identified, snapshot: Snapshot) -> Consented:
    """Return what the stages decide on *question*."""
    of = resolved(question.asked, snapshot=snapshot)
    cover = authorise(of)
    return consented(of, cover, cover.allowed)


class Second:
    """A memory over one catalog that can be replaced."""

    def __init__(self) -> None:
        self.snapshot = a_snapshot()
        self.settled = Settled(lambda: self.snapshot)

    def keep(self, question: Identified) -> Consented:
        """Decide and remember."""
        return self.settled.keep(decided(question, self.snapshot))


def test_the_same_kind_of_question_is_decided_once() -> None:
    """About somebody else, in another dossier, the decision is the same."""
    memory = Second()
    known = memory.keep(identified(asked()))
    other = identified(asked(dossier="000.99.99.H31-261120-0009", exchange_id="another"))

    found = memory.settled.recall(other)

    assert known.decision is found


@pytest.mark.parametrize(
    "difference",
    [
        {"service": "dancu.xacthuc"},
        {"purpose": "thong-ke"},
        {"procedure": "1.012564"},
        {"dossier": None},
        {"fields": ("ho_ten",)},
        {"representative": "0198a000-0000-7000-8000-000000000001"},
        {"subject": a_subject(ngay_sinh="2019-02-01")},
        {"subject": Subject(so_cmnd="123456789")},
        {"subject": a_subject(so_to="")},
        {"at": NOON + timedelta(seconds=1)},
        {"at": NOON - timedelta(microseconds=1)},
    ],
)
def test_whatever_a_decision_looks_at_makes_another_kind(difference: dict[str, object]) -> None:
    """One member forgotten here would be one agency's answer on another question."""
    memory = Second()
    memory.keep(identified(asked()))

    assert memory.settled.recall(identified(asked(**difference))) is None


def test_another_token_is_decided_anew() -> None:
    """A token names system, agreements and official; none is inherited from another."""
    memory = Second()
    memory.keep(identified(asked()))

    other = identified(asked(), a_principal(token_id="another-token"))

    assert memory.settled.recall(other) is None


def test_a_new_catalog_forgets_everything() -> None:
    """What was decided over the old agreements is nothing over the new ones."""
    memory = Second()
    memory.keep(identified(asked()))

    memory.snapshot = a_snapshot()

    assert memory.settled.recall(identified(asked())) is None


def test_a_decision_over_an_old_catalog_is_not_kept() -> None:
    """It was taken while the catalog changed."""
    memory = Second()
    late = decided(identified(asked()), a_snapshot())

    memory.settled.keep(late)

    assert memory.settled.recall(identified(asked())) is None


def test_what_rests_on_a_person_is_not_kept() -> None:
    """A grant is one person's; the next one has not given it."""
    memory = Second()
    personal = decided(identified(asked()), memory.snapshot)

    memory.settled.keep(replace(personal, decision=replace(personal.decision, personal=True)))

    assert memory.settled.recall(identified(asked())) is None


def test_a_late_question_neither_finds_nor_leaves_anything() -> None:
    """Of two questions under way the older one must not take the memory back in time."""
    memory = Second()
    memory.keep(identified(asked(at=NOON + timedelta(seconds=5))))
    late = identified(asked())

    memory.keep(late)

    assert memory.settled.recall(late) is None
    assert memory.settled.recall(identified(asked(at=NOON + timedelta(seconds=5)))) is not None


def test_what_is_kept_holds_nothing_of_the_person() -> None:
    """Numbers and names stay out of what is kept in memory between calls (promise P6)."""
    subject = a_subject()

    question = identified(asked(subject=subject))
    kept = repr([kind_of(question), decided(question, a_snapshot()).decision])

    assert str(subject.so_dinh_danh) not in kept
    assert str(subject.ho_ten) not in kept
