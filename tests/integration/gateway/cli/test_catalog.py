"""Tests of `motlan catalog` with the documents of the demo."""

import asyncio
from pathlib import Path

import pytest

from gateway.cli.exits import Exit
from gateway.errors import RightsGone
from gateway.rights import agreement_right
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer
from tests.command_line import SEED, answer, motlan

AGREEMENT = ("catalog", "state", "agreement", "TT-2026-0001")
BY = ("--by", "cb-01", "--reason", "Công văn 12/STTTT")
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


async def test_a_suspended_agreement_releases_nothing_from_the_next_commit(
    database_url: str,
) -> None:
    """Promise P3, from the operator's hand to the record; one person is enough to stop."""
    here = ("--url", database_url)
    await asyncio.to_thread(answer, "catalog", "apply", str(SEED), *PEOPLE, *here)
    right = agreement_right("TT-2026-0001", 1)
    async with a_writer(database_url) as log:
        await log.append(an_entry(right))
        moved = await asyncio.to_thread(answer, *AGREEMENT, "suspended", *BY, *here)
        with pytest.raises(RightsGone):
            await log.append(an_entry(right))
        again = await asyncio.to_thread(answer, *AGREEMENT, "suspended", *BY, *here)

    assert ("suspended", True) == (moved["state"], moved["changed"])
    assert ("suspended", False) == (again["state"], again["changed"])


def test_opening_again_takes_two_people_and_ending_is_for_good(database_url: str) -> None:
    """Promise P8: to stop is urgent, to start again is a decision."""
    here = ("--url", database_url)
    answer("catalog", "apply", str(SEED), *PEOPLE, *here)
    answer(*AGREEMENT, "suspended", *BY, *here)

    alone = motlan(*AGREEMENT, "active", *BY, *here)
    himself = motlan(*AGREEMENT, "active", *BY, "--approved-by", "cb-01", *here)
    both = answer(*AGREEMENT, "active", *BY, "--approved-by", "cb-02", *here)
    ended = answer(*AGREEMENT, "terminated", *BY, *here)
    revived = motlan(*AGREEMENT, "active", *BY, "--approved-by", "cb-02", *here)

    assert "two people" in alone.stderr
    assert Exit.REFUSED == alone.exit_code == himself.exit_code == revived.exit_code
    assert (True, True) == (both["changed"], ended["changed"])


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(("service", "dancu.tracuu", "suspended", *BY), id="a state of another kind"),
        pytest.param(("service", "khong.co", "disabled", *BY), id="an unknown code"),
        pytest.param(
            ("service", "dancu.tracuu", "disabled", "--by", "cb-01", "--reason", " "),
            id="no reason",
        ),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(database_url: str, asked: tuple[str, ...]) -> None:
    """A typing mistake at night must not look like a suspension."""
    here = ("--url", database_url)
    answer("catalog", "apply", str(SEED), *PEOPLE, *here)

    assert Exit.REFUSED == motlan("catalog", "state", *asked, *here).exit_code


def test_a_service_is_disabled_and_said_so_in_the_export(database_url: str, tmp_path: Path) -> None:
    """What was decided at night is in the documents of the morning, with its reason."""
    here = ("--url", database_url)
    answer("catalog", "apply", str(SEED), *PEOPLE, *here)
    answer("catalog", "state", "service", "dancu.tracuu", "disabled", *BY, *here)
    answer("catalog", "export", str(tmp_path), *here)

    assert "state_reason: Công văn 12/STTTT" in (tmp_path / "service.yaml").read_text()
