"""Sheets: what a spreadsheet shows is text, instants and numbers, and never a formula."""

from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from msgspec.structs import replace

from gateway.audit.events import Changed, Event
from gateway.audit.leaf import Change, Leaf, Life, Subjects
from gateway.exports.columns import COLUMNS, local_time, record
from gateway.exports.severity import Severity, severity_of
from gateway.exports.sheet import LONGEST_CELL, Sheet, harmless
from tests.audit_builders import a_deny, a_stamp, an_access
from tests.export_builders import entries_of, some_records


def row_of(leaf: Leaf) -> dict[str, object]:
    """Return the cells of *leaf* by their Vietnamese names."""
    (entry,) = entries_of(leaf)
    one = record(7, entry)
    return {column.vi: column.of(one) for column in COLUMNS}


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_what_a_program_could_run_is_text(text: str) -> None:
    """OWASP, CSV injection: the apostrophe stays when the sheet becomes CSV."""
    assert f"'{text}" == harmless(text)


def test_plain_text_stays_as_it_is_and_long_text_says_that_it_is_cut() -> None:
    """A cell holds 32,767 characters; the record beside it is whole."""
    assert "H31.12" == harmless("H31.12")
    assert LONGEST_CELL == len(harmless("a" * 40_000))
    assert harmless("a" * 40_000).endswith("(cắt bớt / cut)")


def test_a_hostile_description_is_written_as_text(tmp_path: Path) -> None:
    """The query comes from a person, and the sheet is opened by another."""
    path = tmp_path / "x.xlsx"
    with Sheet(path, [("=cmd|' /C calc'!A0", '=HYPERLINK("http://x")')]) as sheet:
        for each in some_records(2):
            sheet.add(each)
    book = openpyxl.load_workbook(path)
    cells = [cell for page in book for row in page.iter_rows() for cell in row if cell.value]

    assert {"s", "n", "d"} >= {cell.data_type for cell in cells}
    assert "'=cmd|' /C calc'!A0" == book["Thông tin"]["A1"].value
    assert all(cell.hyperlink is None for cell in cells)


def test_a_full_sheet_is_followed_by_another(tmp_path: Path) -> None:
    """A sheet ends at a million rows; an export need not."""
    path = tmp_path / "x.xlsx"
    with Sheet(path, (), rows=10) as sheet:
        for each in some_records(25):
            sheet.add(each)
    book = openpyxl.load_workbook(path, read_only=True)

    assert ["Thông tin", "Nhật ký 1", "Nhật ký 2", "Nhật ký 3"] == book.sheetnames
    indexes = [
        row[0]
        for name in book.sheetnames[1:]
        for row in book[name].iter_rows(min_row=2, values_only=True)
    ]
    assert list(range(25)) == indexes


def test_an_instant_is_shown_as_clocks_in_viet_nam_show_it() -> None:
    """Seven hours decide on which day something happened."""
    assert datetime.fromisoformat("2026-11-21T07:00:00.000007") == local_time(1_795_219_200_000_007)


def test_each_kind_of_record_has_its_cells() -> None:
    """Refusals, acts on the configuration, and reads of many people at once."""
    access, deny = row_of(an_access()), row_of(a_deny())
    stamp = a_stamp()
    many = Subjects(k="2026", root="ab" * 32, n=40)
    change = replace(
        an_access(), type=Event.CATALOG_PUBLISH, subj=many, n=None,
        change=Change(kind=Changed.SERVICE, id="dancu.tracuu", rev=3), id=stamp.id,
    )  # fmt: skip
    published = row_of(change)

    assert ("Cho phép", "Từ chối") == (access["Quyết định"], deny["Quyết định"])
    assert "no_agreement" == deny["Lý do"]
    assert "service dancu.tracuu@3" == published["Thay đổi"]
    assert 40 == published["Số người"]
    assert str(published["Người liên quan (bút danh)"]).startswith("40 người")


def test_whoever_watches_is_told_how_loud_a_record_is() -> None:
    """Emergencies and refusals are warnings, our own life is no news."""
    quiet = replace(an_access(), type=Event.WRITER_CLOSE, basis=None, life=Life(node="gw1"))
    change = Change(kind=Changed.BREAKGLASS, id="khan-cap-1")
    loud = replace(an_access(), type=Event.BREAKGLASS_OPEN, change=change)

    assert [Severity.NOTICE, Severity.WARNING, Severity.INFORMATIONAL, Severity.WARNING] == [
        severity_of(each) for each in (an_access(), a_deny(), quiet, loud)
    ]
