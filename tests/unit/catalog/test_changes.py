"""What a set of documents would change."""

from msgspec.structs import replace

from catalog.changes import Action, Changes, Held, Member, compare, objections
from catalog.documents import Document, Documents
from catalog.entries import AgreementState, ServiceState
from catalog.errors import Fault
from catalog.kinds import Entry, Key, Kind, state_of
from tests.catalog_builders import agreement, dataset, documents, element, scope, service

HELD = {each.key: Held.first(each) for each in documents().items}


def changes(*entries: Entry, held: dict[Key, Held] | None = None) -> Changes:
    """Return what *entries* would change in the small catalog."""
    said = Documents(tuple(Document(entry=each, reason="lý do") for each in entries))
    return compare(HELD if held is None else held, said)


def holding(entry: Entry) -> dict[Key, Held]:
    """Return the small catalog with *entry* in it."""
    document = Document(entry=entry)
    return {**HELD, document.key: Held.first(document)}


def test_the_same_documents_change_nothing() -> None:
    """Applying twice is applying once."""
    assert (0, len(HELD)) == (len((same := compare(HELD, documents())).items), same.unchanged)


def test_an_empty_catalog_gets_everything_in_building_order() -> None:
    """What others build on comes first."""
    found = compare({}, documents())

    assert {Action.ADD} == {each.action for each in found.items}
    assert [Kind.AGENCY, Kind.AGENCY, Kind.DATASET] == [each.key[0] for each in found.items[:3]]
    assert {1} == {each.rev for each in found.items}


def test_a_changed_agreement_becomes_its_next_version() -> None:
    """Nothing that was signed is overwritten."""
    (change,) = changes(agreement(scope(calls_per_day=5))).items

    assert (Action.CHANGE, 2) == (change.action, change.rev)
    assert (Member("scopes.0.calls_per_day", None, "5"),) == change.members
    assert (2, change.digest) == (
        getattr(change.entry, "rev", 0),
        getattr(change.entry, "digest", 0),
    )


def test_a_list_of_words_is_shown_whole() -> None:
    """Which element came or went is read at a glance."""
    (change,) = changes(agreement(scope(elements=frozenset({"ho_ten", "thuong_tru"})))).items

    assert (Member("scopes.0.elements", '["ho_ten"]', '["ho_ten","thuong_tru"]'),) == change.members


def test_a_long_value_is_cut() -> None:
    """A list of changes fits a terminal."""
    (change,) = changes(element(definition_vi="x" * 500)).items

    assert change.members[0].after is not None
    assert 120 == len(change.members[0].after)


def test_suspending_moves_the_state_and_not_the_version() -> None:
    """Exchanges in flight rest on the version; the right itself goes."""
    (change,) = changes(agreement(state=AgreementState.SUSPENDED)).items

    assert (Action.STATE, 1, "suspended", True) == (
        change.action,
        change.rev,
        state_of(change.entry),
        change.state_moves,
    )
    assert "lý do" == change.reason


def test_a_document_never_lifts_a_suspension() -> None:
    """The next deployment still has the old file; two people lift a suspension."""
    held = holding(agreement(state=AgreementState.SUSPENDED))

    assert () == changes(agreement(), held=held).items
    (change,) = changes(agreement(scope(calls_per_day=5)), held=held).items
    assert ("suspended", False) == (state_of(change.entry), change.state_moves)


def test_a_new_entry_may_begin_in_a_later_state() -> None:
    """The bulk service is catalogued in order to be refused."""
    (change,) = changes(service(code="dancu.ds", state=ServiceState.DISABLED)).items

    assert (Action.ADD, "published", True) == (
        change.action,
        change.state_before,
        change.state_moves,
    )


def test_what_no_document_mentions_stays_and_is_told() -> None:
    """Leaving a file out deletes nothing."""
    found = changes(element())

    assert (Kind.AGENCY, "H99.20") in found.absent
    assert () == found.items


def test_a_changed_service_needs_a_higher_version() -> None:
    """Consumers who read 1.0.0 must not get something else under that name."""
    same, lower, higher = (
        changes(service(version=version, deadline_ms=900))
        for version in ("1.0.0", "0.9.9", "1.0.1")
    )

    assert [Fault.VERSION_NOT_RAISED] == [each.fault for each in objections(same, HELD)]
    assert [Fault.VERSION_NOT_RAISED] == [each.fault for each in objections(lower, HELD)]
    assert [] == [*objections(higher, HELD)]


def test_versions_are_compared_as_numbers_where_they_are_numbers() -> None:
    """1.10.0 comes after 1.9.0; a year is a version too."""
    held = holding(service(version="1.9.0"))
    assert [] == [*objections(changes(service(version="1.10.0"), held=held), held)]
    named = holding(dataset(version="mùa xuân"))
    assert [] == [*objections(changes(dataset(version="mùa hè"), held=named), named)]


def test_a_terminated_agreement_stays_as_it_was() -> None:
    """A new agreement has a new code; keys were revoked and data destroyed."""
    held = holding(agreement(state=AgreementState.TERMINATED))
    again = changes(agreement(scope(calls_per_day=5)), held=held)

    assert [Fault.TERMINATED_STAYS] == [each.fault for each in objections(again, held)]


def test_the_digest_does_not_cover_what_the_catalog_gives() -> None:
    """Version, digest and state are not the content."""
    bare = agreement()
    given = replace(bare, rev=7, digest="ab", state=AgreementState.SUSPENDED)

    assert Held.first(Document(entry=bare)).digest == Held.first(Document(entry=given)).digest
