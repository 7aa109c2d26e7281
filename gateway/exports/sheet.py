"""Spreadsheets written row by row: memory stays the same however many records there are."""

from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, cast

from gateway.exports.columns import COLUMNS, Cell, Record

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_OF_A_SHEET = 1_000_000  # a sheet ends at 1,048,576
LONGEST_CELL = 32_767  # characters, the format's own bound
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_CUT = " … (cắt bớt / cut)"


class Page(Protocol):
    """What this asks of a worksheet."""

    def write_string(self, row: int, column: int, text: str, look: object = None, /) -> int:
        """Write text that stays text."""
        ...

    def write_number(self, row: int, column: int, number: int, /) -> int:
        """Write a number."""
        ...

    def write_datetime(self, row: int, column: int, at: datetime, look: object, /) -> int:
        """Write an instant without a zone."""
        ...

    def set_column(self, first: int, last: int, width: float, /) -> int:
        """Say how wide columns are."""
        ...

    def freeze_panes(self, row: int, column: int, /) -> None:
        """Keep what is above and left of a cell in sight."""
        ...


class Book(Protocol):
    """What this asks of a workbook."""

    def add_worksheet(self, name: str, /) -> Page:
        """Begin a sheet."""
        ...

    def add_format(self, properties: dict[str, Any], /) -> object:
        """Name a look."""
        ...

    def close(self) -> None:
        """Write the file."""
        ...


def harmless(text: str) -> str:
    """Return *text* so that no program takes it for a formula, even after a detour through CSV.

    Source: OWASP, CSV injection: a leading apostrophe makes a cell text.
    """
    if text.startswith(_DANGEROUS):
        text = "'" + text
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - len(_CUT)] + _CUT


class Sheet:
    """One workbook in the making; a sheet that is full is followed by another."""

    def __init__(
        self, path: Path, about: Sequence[tuple[str, str]], *, rows: int = ROWS_OF_A_SHEET
    ) -> None:
        """Begin the file.

        Args:
            path: the file to write; temporary files stand beside it.
            about: what the first sheet says of the export, name and value.
            rows: the most records of one sheet.
        """
        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "use_zip64": True,
        }
        # Loaded by the process that makes one: the workers, who only hand files out, need none.
        library: Any = import_module("xlsxwriter")
        self._book = cast("Book", library.Workbook(str(path), options))
        self._bold = self._book.add_format({"bold": True, "text_wrap": True})
        self._instant = self._book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        self._rows = rows
        self._sheet: Page | None = None
        self._next = 0
        self._count = 0
        self._describe(about)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the file."""
        self._book.close()

    def add(self, record: Record) -> None:
        """Write one record below the last."""
        sheet = self._sheet
        if sheet is None or self._next > self._rows:
            sheet = self._begin()
        for place, column in enumerate(COLUMNS):
            self._write(sheet, place, column.of(record))
        self._next += 1

    def _describe(self, about: Sequence[tuple[str, str]]) -> None:
        sheet = self._book.add_worksheet("Thông tin")
        sheet.set_column(0, 0, 36)
        sheet.set_column(1, 1, 90)
        for row, (name, value) in enumerate(about):
            sheet.write_string(row, 0, harmless(name), self._bold)
            sheet.write_string(row, 1, harmless(value))

    def _begin(self) -> Page:
        self._count += 1
        sheet = self._book.add_worksheet(f"Nhật ký {self._count}")
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(COLUMNS):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.heading, self._bold)
        self._sheet, self._next = sheet, 1
        return sheet

    def _write(self, sheet: Page, place: int, cell: Cell) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, datetime):
            sheet.write_datetime(self._next, place, cell, self._instant)
        elif isinstance(cell, int):
            sheet.write_number(self._next, place, cell)
        else:
            sheet.write_string(self._next, place, harmless(cell))
