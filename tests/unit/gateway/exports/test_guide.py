"""The page that goes with every export, and the one that a bundle is read by."""

from html.parser import HTMLParser

from msgspec.structs import replace

from gateway.exports import columns, guide, page
from gateway.exports.manifest import Manifest, Tree
from tests.export_builders import some_records

LISTED = Manifest(
    id="1", format="bundle", query="<script>alert(1)</script>", made_at="2026-11-21T00:00:00+00:00",
    record="r", tree=Tree("motlan.test", 9, "ab"), first_index=4, last_index=4, records=1,
    complete=True, searched_below=9, witnessed=True, files=(),
)  # fmt: skip


class Tags(HTMLParser):
    """Collects the tags of a page and the places that it points to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.places: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one tag."""
        self.tags.append(tag)
        self.places += [value for name, value in attrs if name in {"href", "src"}]


def test_the_guide_names_a_record_that_is_there() -> None:
    """A command that can be copied is a command that is tried."""
    text = guide.guide(LISTED, bundle=True)

    assert text.startswith("# Bằng chứng")
    assert "records/4.json" in text
    assert "{" not in text.replace("note.VerifierList(verifier)", "")


def test_a_guide_of_lines_promises_no_proofs_as_files() -> None:
    """What is not in the archive is not explained."""
    assert "consistency" not in guide.guide(LISTED, bundle=False).partition("##")[0]


def test_a_page_shows_hostile_words_as_words() -> None:
    """The query was typed by a person."""
    (record,) = some_records(1)
    tags = Tags()
    tags.feed(page.head(LISTED) + page.section(replace(record, index=4)) + page.foot(LISTED))

    assert "script" not in tags.tags
    assert ["records/4.json", "proofs/4.tlog-proof"] == tags.places


def test_a_page_writes_times_as_people_in_viet_nam_do() -> None:
    """A court reads the day first, and its own clock."""
    (record,) = some_records(1)
    told = columns.local_time(record.leaf.ts)
    shown = page.head(replace(LISTED, made_at="2026-11-21T18:50:00+00:00")) + page.section(record)

    assert "<dd>22/11/2026 01:50:00</dd>" in shown
    assert f"<dd>{told:%d/%m/%Y %H:%M:%S}" in shown
    assert f"{told:%Y-%m}" not in shown


def test_a_page_says_when_there_is_nothing_and_when_there_is_more() -> None:
    """An empty page looks like a broken one, and a cut one like a whole one."""
    empty, cut = replace(LISTED, records=0), replace(LISTED, complete=False, witnessed=False)

    assert "Không bản ghi nào" in page.foot(empty)
    assert "1 bản ghi." in page.foot(LISTED)
    assert ["giới hạn" in page.foot(each) for each in (LISTED, cut)] == [False, True]
    assert ["làm chứng" in page.head(each) for each in (LISTED, cut)] == [False, True]
