"""Snapshots grow from snapshots, and the old one stays as it was."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.assembly import EMPTY, assemble, by_key, overlay
from catalog.entries import Agreement, AgreementState
from catalog.kinds import Kind, key_of
from catalog.snapshot import grants_of
from tests.catalog_builders import agreement, entries, rule, scope, service, snapshot

PAIR = ("motcua-xa", "dancu.tracuu")


def test_every_entry_is_found_by_kind_and_code() -> None:
    """Nothing is lost on the way into memory."""
    assert {key_of(each): each for each in entries()} == by_key(snapshot())


def test_rows_of_the_table_stand_in_their_order() -> None:
    """The first row that matches speaks."""
    held = snapshot(rule(code="sau", order=30), rule(code="truoc", order=1))

    assert ["truoc", "tat-ca", "sau"] == [each.code for each in held.rules]


def test_a_change_leaves_the_snapshot_of_before_alone() -> None:
    """An exchange that began with it ends with it."""
    before = snapshot()
    after = overlay(before, [agreement(state=AgreementState.SUSPENDED)], 2)

    assert AgreementState.ACTIVE is before.grants[PAIR][0][0].state  # type: ignore[index]
    assert AgreementState.SUSPENDED is after.grants[PAIR][0][0].state  # type: ignore[index]
    assert (1, 2) == (before.revision, after.revision)
    assert before.services is after.services


def test_a_snapshot_cannot_be_written_to() -> None:
    """What many exchanges read, none of them changes."""
    held = overlay(EMPTY, entries(), 1)

    for table in (held.services, held.agreements, held.grants):
        assert not hasattr(table, "__setitem__")


def test_a_system_that_left_an_agreement_has_no_lines() -> None:
    """The index follows the document, not its predecessor."""
    held = overlay(snapshot(), [agreement(systems=frozenset({"khac"}))], 2)

    assert () == held.covering("motcua-xa", "dancu.tracuu")  # type: ignore[arg-type]
    assert 1 == len(held.covering("khac", "dancu.tracuu"))  # type: ignore[arg-type]


CODES = st.sampled_from(["TT-1", "TT-2", "TT-3"])
AGREEMENTS = st.builds(
    lambda code, systems, services: agreement(
        *(scope(id=name, service=name) for name in sorted(services)),
        code=code,
        systems=systems,
    ),
    CODES,
    st.frozensets(st.sampled_from(["a", "b", "c"]), min_size=1),
    st.frozensets(st.sampled_from(["x", "y", "z"]), min_size=1),
)


@given(st.lists(st.lists(AGREEMENTS, max_size=3), max_size=5))
def test_growing_step_by_step_is_building_anew(steps: list[list[Agreement]]) -> None:
    """The index that follows changes is the index of what stands."""
    held, standing = EMPTY, dict[str, Agreement]()
    for step in steps:
        held = overlay(held, step, 1)
        standing |= {each.code: each for each in step}

    assert grants_of(standing.values()) == dict(held.grants)
    assert standing == dict(held.agreements)


def test_a_retired_service_is_there_to_refuse_by_name() -> None:
    """Its callers are told so, instead of that it never was."""
    held = assemble([service(state="retired")], 1)

    assert {(Kind.SERVICE, "dancu.tracuu")} == by_key(held).keys()
