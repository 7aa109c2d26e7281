"""A bundle as a page to read: Vietnamese first, no scripts, nothing from outside; pure."""

from datetime import datetime
from html import escape

from gateway.exports.columns import COLUMNS, Cell, Record, local_instant, written
from gateway.exports.manifest import Manifest

NAME = "index.html"
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
small, .en { opacity: .7; }
section { border-top: 1px solid; margin-top: 2rem; }
dl { display: grid; grid-template-columns: minmax(12rem, 1fr) 2fr; gap: .25rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
"""
# Nothing may run and nothing may be fetched, whatever stands in a record.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def head(manifest: Manifest) -> str:
    """Return the page up to its first record."""
    facts: tuple[tuple[str, str, Cell], ...] = (
        ("Nhật ký", "Log", manifest.tree.origin),
        ("Số lá của cây", "Tree size", manifest.tree.size),
        ("Gốc của cây", "Tree root", manifest.tree.root),
        ("Câu tìm", "Query", manifest.query or "—"),
        ("Xuất lúc (giờ Việt Nam, UTC+7)", "Made at", local_instant(manifest.made_at)),
        ("Bản ghi về lần kết xuất", "Record of the export", manifest.record),
    )
    return "".join(
        (
            '<!doctype html>\n<html lang="vi"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Bằng chứng nhật ký</title><style>{_STYLE}</style></head><body>\n",
            '<h1>Bằng chứng từ nhật ký truy cập<br><small lang="en">Evidence from the access ',
            "log</small></h1>\n",
            f"<dl>{''.join(_fact(*each) for each in facts)}</dl>\n",
            "<p>Trang này chỉ để đọc. Chứng cứ là các tệp bên cạnh, xem README.md.",
            ' <span class="en" lang="en">This page is for reading only. ',
            "The evidence is in the files beside it, see README.md.</span></p>\n",
            "" if manifest.witnessed else _note(*_UNWITNESSED),
        )
    )


def section(record: Record) -> str:
    """Return one record, with links to its file and its proof."""
    index = record.index
    shown = [(c.vi, c.en, c.of(record)) for c in COLUMNS]
    facts = "".join(_fact(vi, en, cell) for vi, en, cell in shown if cell not in (None, ""))
    return (
        f'<section id="la-{index}"><h2>Lá số {index}</h2><dl>{facts}</dl>'
        f'<p><a href="records/{index}.json">Bản ghi / Record</a> · '
        f'<a href="proofs/{index}.tlog-proof">Bằng chứng / Proof</a></p></section>\n'
    )


def foot(manifest: Manifest) -> str:
    """Return the page after its last record: how many there are, and whether these are all."""
    count = manifest.records
    ended = _note(f"{count} bản ghi.", f"{count} records.") if count else _note(*_NONE)
    return f"{ended}{'' if manifest.complete else _note(*_CUT)}</body></html>\n"


_NONE = ("Không bản ghi nào khớp với câu tìm.", "No record fits the query.")
_CUT = (
    "Lần kết xuất đã chạm giới hạn: còn bản ghi cũ hơn, cần xuất thêm lần nữa.",
    "The export reached its bound: there are older records, which take another export.",
)
_UNWITNESSED = (
    "Chưa đủ bên làm chứng xác nhận cam kết trong gói này.",
    "No quorum of witnesses has confirmed the checkpoint in this archive yet.",
)


def _note(vi: str, en: str) -> str:
    return f'<p>{vi} <span class="en" lang="en">{en}</span></p>\n'


def _fact(vi: str, en: str, cell: Cell) -> str:
    name = f'{escape(vi)} <small lang="en">{escape(en)}</small>'
    shown = written(cell) if isinstance(cell, datetime) else str(cell)
    return f"<dt>{name}</dt><dd>{escape(shown)}</dd>"
