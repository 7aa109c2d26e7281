"""Tests of `motlan catalog` with the documents of the demo."""

from pathlib import Path

from gateway.cli.exits import Exit
from tests.command_line import SEED, answer, motlan

PEOPLE = ("--published-by", "cb-01", "--approved-by", "cb-02")


def test_documents_are_compared_published_and_exported(database_url: str, tmp_path: Path) -> None:
    """What is in git, what stands, and what comes out again are the same."""
    here = ("--url", database_url)
    wanted = answer("catalog", "diff", str(SEED), *here)
    done = answer("catalog", "apply", str(SEED), *PEOPLE, *here)
    left = answer("catalog", "diff", str(SEED), *here)
    files = answer("catalog", "export", str(tmp_path), *here)["files"]
    again = answer("catalog", "diff", str(tmp_path), *here)

    assert len(wanted["changes"]) == len(done["changes"]) > 0
    assert [] == left["changes"] == again["changes"]
    assert left["unchanged"] == len(done["changes"])
    assert files


def test_nobody_publishes_alone(database_url: str) -> None:
    """Promise P8, at the command line, too."""
    alone = ("--published-by", "cb-01", "--approved-by", "cb-01")
    result = motlan("catalog", "apply", str(SEED), *alone, "--url", database_url)

    assert Exit.REFUSED == result.exit_code


def test_a_wrong_document_is_named_by_file_and_line(database_url: str, tmp_path: Path) -> None:
    """An editor jumps there."""
    (tmp_path / "odd.yaml").write_text("---\nkind: nonsense\ncode: x\n", encoding="utf-8")

    result = motlan("catalog", "lint", str(tmp_path), "--url", database_url)
    (finding,) = answer("catalog", "lint", str(tmp_path), "--url", database_url)["findings"]

    assert Exit.REFUSED == result.exit_code
    assert "odd.yaml:2" in result.stderr
    assert finding["fault"] == "kind_unknown"
