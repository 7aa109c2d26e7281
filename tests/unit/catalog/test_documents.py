"""Documents become entries; everything wrong is told at once, with its line."""

from datetime import UTC, date, datetime
from pathlib import Path
from unicodedata import normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog.canonical import canonical
from catalog.documents import Document, Documents, read, read_folder, write
from catalog.entries import (
    Agency,
    AgencyKind,
    Agreement,
    AgreementState,
    Element,
    PersonalKind,
    Scope,
    ServiceState,
    ServiceVersion,
    Window,
)
from catalog.errors import CatalogInvalid, Fault, Finding, Place
from catalog.kinds import Key, Kind, state_of
from catalog.texts import line
from tests.catalog_builders import agreement, documents, element

AGENCY = "kind: agency\ncode: H99.20\nname_vi: Công an tỉnh\nname_en: Police\ntype: state\n"
SERVICE = """kind: service
code: dancu.tracuu
version: 1.0.0
title_vi: Tra cứu
title_en: Look up
owner: H99.20
dataset: csdl.dancu
dataset_version: 1.0.0
source: population
operation: select
elements: [ho_ten]
subject: [so_dinh_danh]
"""


def findings(*texts: str) -> list[Finding]:
    """Return what is wrong with *texts*, as files a, b, ..."""
    with pytest.raises(CatalogInvalid) as refused:
        read({f"{chr(97 + at)}.yaml": text for at, text in enumerate(texts)})
    return list(refused.value.findings)


def told(documents_: Documents) -> dict[Key, tuple[bytes, str | None, str | None]]:
    """Return what documents say, whatever their order and origin."""
    return {
        each.key: (canonical(each.entry), state_of(each.entry), each.reason)
        for each in documents_.items
    }


def test_an_agency_says_its_own_kind_as_type() -> None:
    """`kind` is the document's; an agency has a kind of its own."""
    (document,) = read({"a.yaml": AGENCY}).items

    assert isinstance(document.entry, Agency)
    assert AgencyKind.STATE is document.entry.kind
    assert Place("a.yaml", 3) == document.place(("name_vi",))


def test_a_service_is_published_unless_it_says_otherwise() -> None:
    """Most documents are about live services; the catalog gives number and digest."""
    (document,) = read({"a.yaml": SERVICE}).items

    assert isinstance(document.entry, ServiceVersion)
    assert (ServiceState.PUBLISHED, 0) == (document.entry.state, document.entry.rev)
    assert 64 == len(document.entry.digest)


def test_every_finding_of_every_file_is_told_in_order() -> None:
    """Whoever mends a catalog wants one list, not one error at a time."""
    wrong = findings(
        AGENCY.replace("state", "state\nfoo: 1") + "---\nkind: agency\ncode: 5\n",
        "kind: planet\n---\n- 1\n",
    )

    assert [
        (Fault.MEMBER_UNKNOWN, Place("a.yaml", 6)),
        (Fault.VALUE_WRONG, Place("a.yaml", 9)),
        (Fault.KIND_UNKNOWN, Place("b.yaml", 1)),
        (Fault.NOT_A_DOCUMENT, Place("b.yaml", 3)),
    ] == [(each.fault, each.place) for each in wrong]


@pytest.mark.parametrize(
    ("added", "member", "line"),
    [
        pytest.param("rev: 3\n", "rev", 13, id="a number only the catalog gives"),
        pytest.param("digest: ab\n", "digest", 13, id="a digest"),
        pytest.param("kinds: x\n", "kinds", 13, id="a misspelling"),
    ],
)
def test_a_document_may_not_say_what_the_catalog_gives(added: str, member: str, line: int) -> None:
    """A version number in a file would let a file rewrite history."""
    (finding,) = findings(SERVICE + added)

    assert (Fault.MEMBER_UNKNOWN, {"member": member}, line) == (
        finding.fault,
        finding.facts,
        finding.place.line if finding.place else 0,
    )


def test_a_wrong_value_is_shown_where_it_stands() -> None:
    """The line is that of the member inside the document, not of its beginning."""
    (finding,) = findings(SERVICE.replace("select", "everything"))

    assert (("operation",), Place("a.yaml", 10)) == (finding.path, finding.place)


def test_a_wrong_type_of_agency_is_shown_as_type() -> None:
    """The message speaks the document's word, not the program's."""
    (finding,) = findings(AGENCY.replace("state", "moon"))

    assert (("type",), Place("a.yaml", 5)) == (finding.path, finding.place)
    (missing,) = findings(AGENCY.replace("type: state\n", ""))
    assert "`type`" in missing.facts["problem"]


def test_an_unknown_member_deep_inside_is_found() -> None:
    """A misspelt quota that is silently ignored is no quota."""
    text = write(Documents((Document(entry=agreement()),)))[Kind.AGREEMENT]
    (finding,) = findings(text.replace("  bases:", "  call_per_day: 5\n  bases:"))

    assert (Fault.MEMBER_UNKNOWN, ("scopes", 0, "call_per_day")) == (finding.fault, finding.path)


def test_an_instant_without_a_zone_is_refused() -> None:
    """Seven hours decide whether an agreement is live."""
    text = write(Documents((Document(entry=agreement()),)))[Kind.AGREEMENT]
    (finding,) = findings(text.replace("2028-01-01T00:00:00Z", "2028-01-01T00:00:00"))

    assert (Fault.ZONE_MISSING, ("valid_to",)) == (finding.fault, finding.path)


@pytest.mark.parametrize("state", ["disabled", "retired", "deprecated"])
def test_a_state_that_takes_away_needs_a_reason(state: str) -> None:
    """Consumers are told within a day what was wrong (NĐ 47/2020 Art 43)."""
    (finding,) = findings(f"{SERVICE}state: {state}\n")

    assert Fault.REASON_MISSING is finding.fault
    (document,) = read({"a.yaml": f"{SERVICE}state: {state}\nstate_reason: Lỗi\n"}).items
    assert "Lỗi" == document.reason


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(f"{AGENCY}state_reason: x\n", Fault.MEMBER_UNKNOWN, id="no states"),
        pytest.param(f"{SERVICE}state_reason: x\n", Fault.REASON_IDLE, id="no state given"),
        pytest.param(
            f"{SERVICE}state: retired\nstate_reason: [x]\n", Fault.VALUE_WRONG, id="no text"
        ),
    ],
)
def test_a_reason_that_explains_nothing_is_refused(text: str, fault: Fault) -> None:
    """It would be dropped in silence, and somebody would believe it was kept."""
    (finding,) = findings(text)

    assert (fault, len(text.splitlines())) == (finding.fault, finding.place and finding.place.line)


def test_a_code_is_declared_once_over_all_files() -> None:
    """Which of two would win must never depend on the name of a file."""
    (finding,) = findings(AGENCY, AGENCY)

    assert (Fault.CODE_TWICE, Place("b.yaml", 2)) == (finding.fault, finding.place)
    assert {"first": "a.yaml:2"} == finding.facts


def test_an_element_with_two_authorities_is_named_so() -> None:
    """Exactly one dataset is authoritative for each element."""
    one = write(Documents((Document(entry=element()),)))[Kind.ELEMENT]
    (finding,) = findings(one, one.replace("csdl.dancu", "csdl.hotich"))

    assert Fault.TWO_AUTHORITIES is finding.fault


def test_a_folder_is_read_by_name(tmp_path: Path) -> None:
    """Two machines read the same folder in the same order."""
    (tmp_path / "b.yaml").write_text(SERVICE, encoding="utf-8")
    (tmp_path / "a.yaml").write_text(AGENCY, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a document", encoding="utf-8")

    assert [Kind.AGENCY, Kind.SERVICE] == [each.key[0] for each in read_folder(tmp_path).items]


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """Vietnamese in an old code page would be published as garbage."""
    (tmp_path / "a.yaml").write_bytes(b"name: \xe0\xff")

    with pytest.raises(CatalogInvalid) as refused:
        read_folder(tmp_path)

    assert Fault.YAML_BROKEN is refused.value.findings[0].fault


def test_the_small_catalog_survives_writing_and_reading() -> None:
    """Export gives back what was applied."""
    small = documents()

    assert told(small) == told(read({str(kind): text for kind, text in write(small).items()}))


def test_states_and_reasons_survive_too() -> None:
    """A suspended agreement does not come back to life in a copy of the catalog."""
    stopped = Document(entry=agreement(state=AgreementState.SUSPENDED), reason="Lỗi: an toàn")
    (again,) = read({"a.yaml": write(Documents((stopped,)))[Kind.AGREEMENT]}).items

    assert ("suspended", "Lỗi: an toàn") == (state_of(again.entry), again.reason)


TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
NAMES = TEXT.map(lambda text: normalize("NFC", text))  # what is read is NFC
WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,12}", fullmatch=True)
SETS = st.frozensets(WORDS, min_size=1, max_size=4)
COUNTS = st.none() | st.integers(1, 10**9)
SCOPES = st.builds(
    Scope,
    id=WORDS,
    service=WORDS,
    elements=SETS,
    purposes=SETS,
    procedures=st.frozensets(WORDS, max_size=3),
    bases=st.lists(WORDS, max_size=3).map(tuple),
    calls_per_day=COUNTS,
    calls_per_minute=COUNTS,
    persons_per_day=COUNTS,
    window=st.none()
    | st.builds(
        Window,
        days=st.frozensets(st.integers(1, 7), min_size=1),
        from_hour=st.integers(0, 11),
        to_hour=st.integers(12, 24),
    ),
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone comes beside
AGREEMENTS = st.builds(
    Agreement,
    code=WORDS,
    rev=st.just(0),
    provider=WORDS,
    consumer=WORDS,
    systems=SETS,
    valid_from=INSTANTS,
    valid_to=INSTANTS,
    state=st.just(AgreementState.ACTIVE),
    items=st.dictionaries(WORDS, NAMES, max_size=4),
    scopes=st.lists(SCOPES, max_size=3).map(tuple),
    digest=st.just(""),
)
ELEMENTS = st.builds(
    Element,
    code=WORDS,
    name_vi=NAMES,
    name_en=NAMES,
    definition_vi=NAMES,
    logical_type=WORDS,
    personal_kind=st.sampled_from(PersonalKind),
    legal_letter=st.none() | NAMES,
    grade=st.integers(1, 4),
    dataset=WORDS,
)


@given(st.one_of(AGREEMENTS, ELEMENTS))
def test_whatever_can_be_written_is_read_back(entry: Agreement | Element) -> None:
    """No name, quota or code is lost or changed between a catalog and its export."""
    said = Documents((Document(entry=entry),))

    assert told(said) == told(read({str(kind): text for kind, text in write(said).items()}))


def test_days_of_a_basis_are_days() -> None:
    """A law enters into force on a day, not at an instant."""
    text = write(documents())[Kind.BASIS]
    (document,) = read({"a.yaml": text}).items

    assert date(2026, 7, 1) == getattr(document.entry, "valid_from", None)


KINDS = st.sampled_from([kind.value for kind in Kind])
NAMED = st.sampled_from(
    ["code", "name_vi", "scopes", "elements", "valid_from", "form", "state", "type", "items", "rev"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMED, inner, max_size=3),
    max_leaves=8,
)


def outcome(text: str) -> tuple[int, tuple[Finding, ...]]:
    """Return how many documents *text* holds, or what is wrong with it."""
    try:
        return len(read({"a.yaml": text}).items), ()
    except CatalogInvalid as refused:
        return 0, refused.findings


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is in a file, the answer is documents or findings, never a traceback."""
    count, wrong = outcome(text)

    assert 0 == count
    assert all(each.place is not None for each in wrong)


@given(KINDS, st.dictionaries(NAMED, VALUES, max_size=6))
def test_any_document_is_read_or_refused_with_places(kind: str, members: dict[str, object]) -> None:
    """A wrong shape anywhere inside a document is a finding with a line."""
    count, wrong = outcome(yaml.safe_dump({"kind": kind, **members}, allow_unicode=True))

    assert (1 == count) is (not wrong)
    assert all(line(each).startswith("a.yaml:") for each in wrong)
