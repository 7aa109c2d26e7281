"""YAML is read narrowly, and every value knows its line."""

import pytest

from catalog.errors import CatalogInvalid, Fault, Place
from catalog.lines import LARGEST_FILE_BYTES, Tree, trees


def only(text: str) -> Tree:
    """Return the one document of *text*."""
    (tree,) = trees(text, "a.yaml")
    return tree


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("1.004222", "1.004222", id="a procedure code is no number"),
        pytest.param("no", "no", id="a Norwegian is no boolean"),
        pytest.param("0912345678", "0912345678", id="a leading zero is kept"),
        pytest.param("2026-01-01", "2026-01-01", id="a day stays text until its type is known"),
        pytest.param("'5'", "5", id="quotes make text"),
        pytest.param("5", 5, id="a whole number"),
        pytest.param("-5", -5, id="below zero"),
        pytest.param("true", True, id="a boolean"),
        pytest.param("~", None, id="nothing"),
    ],
)
def test_plain_values_are_not_guessed(written: str, read: object) -> None:
    """YAML 1.1 turns codes into floats and words into booleans; a catalog of codes cannot."""
    assert {"x": read} == only(f"x: {written}").value


def test_a_value_knows_its_line_and_a_missing_one_its_neighbour() -> None:
    """An error that names a file and a line is mended in seconds."""
    tree = only("a: 1\nb:\n  - c: 2\n    d: 3\n")

    assert Place("a.yaml", 4) == tree.place(("b", 0, "d"))
    assert Place("a.yaml", 3) == tree.place(("b", 0, "missing"))
    assert Place("a.yaml", 1) == tree.place(())


def test_lines_count_through_the_whole_stream() -> None:
    """The second document of a file does not start again at line 1."""
    first, second = trees("---\na: 1\n---\n\nb: 2\n", "a.yaml")

    assert Place("a.yaml", 2) == first.place(("a",))
    assert Place("a.yaml", 5) == second.place(("b",))


def test_text_becomes_nfc() -> None:
    """Two spellings of one name must not be two codes."""
    assert {"x": "Nguyễn"} == only("x: Nguye\u0302\u0303n").value


@pytest.mark.parametrize(
    ("text", "fault", "line"),
    [
        pytest.param("a: &x 1\nb: *x\n", Fault.ALIAS_REFUSED, 2, id="an alias"),
        pytest.param("a: 1\na: 2\n", Fault.MEMBER_TWICE, 2, id="a member twice"),
        pytest.param("a: !!python/name:os.system x\n", Fault.TAG_REFUSED, 1, id="a tag"),
        pytest.param("a: 1\nb: [\n", Fault.YAML_BROKEN, 3, id="an open bracket"),
        pytest.param("? [a, b]\n: 1\n", Fault.NOT_A_DOCUMENT, 1, id="a list as a name"),
        pytest.param("a: \x07\n", Fault.YAML_BROKEN, 1, id="a control character"),
        pytest.param("x" * (LARGEST_FILE_BYTES + 1), Fault.FILE_TOO_LARGE, 1, id="too large"),
        pytest.param("ế" * (LARGEST_FILE_BYTES // 2), Fault.FILE_TOO_LARGE, 1, id="in bytes"),
        pytest.param("a: " + "[" * 40 + "]" * 40, Fault.NESTED_TOO_DEEP, 1, id="too deep"),
    ],
)
def test_what_we_do_not_read_is_refused(text: str, fault: Fault, line: int) -> None:
    """A file that means something else to another reader must not be published."""
    with pytest.raises(CatalogInvalid) as refused:
        list(trees(text, "a.yaml"))

    (finding,) = refused.value.findings
    assert (fault, Place("a.yaml", line)) == (finding.fault, finding.place)


def test_empty_documents_are_no_documents() -> None:
    """A file may end with a line of dashes, or hold nothing but comments."""
    assert [] == [*trees("# nothing\n---\n---\n", "a.yaml")]
    assert 1 == len([*trees("a: 1\n---\n", "a.yaml")])
