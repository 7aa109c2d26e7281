"""Exports of a real log: whole, signed, bounded, and provable without us."""

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.stamps import stamp
from gateway.clock import utc_now
from gateway.exports import manifest
from gateway.exports.columns import COLUMNS
from gateway.exports.jobs import Format
from gateway.exports.lines import read_line
from gateway.exports.making import Bounds, Unwanted
from gateway.search.sought import Condition, Sought
from gateway.tlog.notes import Ed25519Signer
from gateway.verification.bundles import check
from tests.audit_builders import a_deny, an_access
from tests.export_desk import a_desk, a_job

DENIED = Sought(conditions=(Condition("decision", ("deny",)),))


async def test_lines_hold_every_record_that_fits_newest_first(
    database_url: str, tmp_path: Path
) -> None:
    """A selection that loses one record is no evidence."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([a_deny() if n % 3 else an_access() for n in range(700)])
        came, path = await desk.make(Format.JSONL, DENIED)
    with ZipFile(path) as archive:
        found = [read_line(text) for text in archive.read("records.jsonl").splitlines(True)]

    assert 466 == came.records == len(found)
    assert sorted((index for index, _ in found), reverse=True) == [index for index, _ in found]
    assert all(b'"decision":"deny"' in entry for _, entry in found)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == came.sha256


async def test_a_sheet_is_read_back_as_it_was_written(database_url: str, tmp_path: Path) -> None:
    """Auditors work in spreadsheets; what they see must be what was recorded."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([an_access(stamp(utc_now())), a_deny()])
        _, path = await desk.make(Format.XLSX)
    with ZipFile(path) as archive:
        archive.extract("records.xlsx", tmp_path)
    book = openpyxl.load_workbook(tmp_path / "records.xlsx", read_only=True)
    rows = list(book["Nhật ký 1"].iter_rows(values_only=True))

    assert tuple(column.heading for column in COLUMNS) == rows[0]
    assert 5 == len(rows)  # the writer's opening and closing leaves are records too
    by_name = dict(zip([column.vi for column in COLUMNS], rows[2], strict=True))
    assert "Từ chối" == by_name["Quyết định"]
    assert isinstance(by_name["Thời điểm (giờ Việt Nam, UTC+7)"], datetime)
    assert 2 == by_name["Số lá"]
    told = {str(row[0]): str(row[1]) for row in book["Thông tin"].iter_rows(values_only=True)}
    made_at = told["Xuất lúc (giờ Việt Nam, UTC+7) / Made at"]
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", made_at)


async def test_a_bundle_verifies_and_every_change_of_it_does_not(
    database_url: str, tmp_path: Path
) -> None:
    """Evidence that cannot fail proves nothing."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([an_access() for _ in range(40)])
        await desk.record([a_deny() for _ in range(5)])
        _, path = await desk.make(Format.BUNDLE, DENIED)
    folder = tmp_path / "unpacked"
    with ZipFile(path) as archive:
        names = archive.namelist()
        archive.extractall(folder)

    packed, unpacked = check(path, None, lambda _n: None), check(folder, None, lambda _n: None)

    assert ([], 5, 5, True) == (packed.faults, packed.records, packed.proofs, packed.signed)
    assert [] == unpacked.faults
    for name in names:
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(kept.replace(kept[-9:-8], b"#", 1))
        assert not _whole(folder), name
        (folder / name).unlink()
        assert not _whole(folder), name
        (folder / name).write_bytes(kept)


def _whole(folder: Path) -> bool:
    try:
        return check(folder, None, lambda _n: None).whole
    except Exception:  # noqa: BLE001 - refused as no export at all
        return False


async def test_the_manifest_says_what_was_asked_and_what_came(
    database_url: str, tmp_path: Path
) -> None:
    """A year later nobody remembers the query."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([a_deny() for _ in range(3)])
        _, path = await desk.make(Format.JSONL, DENIED)
    with ZipFile(path) as archive:
        listed = manifest.unbelieved(archive.read(manifest.NAME).decode())

    assert ("decision:deny", 3, True) == (listed.query, listed.records, listed.complete)
    assert (1, 3, 5) == (listed.first_index, listed.last_index, listed.tree.size)


@pytest.mark.parametrize("kind", [Format.JSONL, Format.BUNDLE])
async def test_an_export_that_reaches_its_bound_says_so(
    database_url: str, tmp_path: Path, kind: Format
) -> None:
    """Half of the truth must not look like all of it."""
    bounds = Bounds(records=250, bundle_records=250)
    async with a_desk(database_url, tmp_path, bounds=bounds) as desk:
        await desk.record([a_deny() for _ in range(300)])
        came, path = await desk.make(kind, DENIED)
    with ZipFile(path) as archive:
        listed = manifest.unbelieved(archive.read(manifest.NAME).decode())

    assert (250, False) == (came.records, listed.complete)
    assert check(path, None, lambda _n: None).whole


async def test_a_page_to_read_runs_nothing_and_fetches_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """Evidence is opened by people, in browsers, years later."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([a_deny()])
        _, path = await desk.make(Format.BUNDLE, DENIED)
    with ZipFile(path) as archive:
        page = archive.read("index.html").decode()

    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("HTTP", "")
    assert "Từ chối" in page


async def test_what_is_taken_back_leaves_no_file(database_url: str, tmp_path: Path) -> None:
    """Records in a forgotten folder are records that nobody guards."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([a_deny() for _ in range(3)])
        with pytest.raises(Unwanted):
            await desk.making(a_job(Format.XLSX), lambda _records, _size: False)

    assert [] == list(desk.directory.iterdir())


def test_json_of_a_manifest_is_what_was_signed() -> None:
    """A stranger's note library gives back the text, and any JSON library reads it."""
    listed = manifest.Manifest(
        id="1", format="jsonl", query="", made_at="", record="", first_index=None,
        last_index=None, records=0, complete=True, searched_below=0, witnessed=False,
        tree=manifest.Tree("motlan.test", 0, ""), files=(),
    )  # fmt: skip
    signer = Ed25519Signer("motlan.test/exports", Ed25519PrivateKey.generate())
    note = manifest.signed(listed, [signer])

    assert listed == manifest.opened(note, [signer.verifier])
    assert "jsonl" == json.loads(note.rpartition("\n\n")[0])["format"]
