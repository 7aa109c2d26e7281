"""`motlan audit verify`: says what is whole, and names what is not, with a code for programs."""

import asyncio
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest

from gateway.cli.exits import Exit
from gateway.clock import utc_now
from gateway.exports.jobs import Format
from tests.audit_builders import an_access
from tests.command_line import answer, motlan
from tests.export_desk import a_desk
from tests.replays import a_folded_log, tamper
from tests.tree_rows import ORIGIN, a_log


def surroundings(folder: Path) -> dict[str, str]:
    """Return variables that name the log in *folder*."""
    return {
        "MOTLAN_TREE__ORIGIN": ORIGIN,
        "MOTLAN_TREE__KEYS_DIR": str(folder / "keys"),
        "MOTLAN_TREE__GUARD_FILE": str(folder / "guard.json"),
    }


def test_a_whole_record_ends_with_nothing_wrong(database_url: str, tmp_path: Path) -> None:
    """A night's job looks at the exit code alone."""
    asyncio.run(a_folded_log(database_url, tmp_path, 30))

    result = motlan("audit", "verify", "--url", database_url, env=surroundings(tmp_path))

    assert Exit.OK == result.exit_code
    assert "nothing is wrong" in result.stdout
    assert "32 replayed" in result.stdout


def test_a_damaged_record_is_named_and_the_command_fails(database_url: str, tmp_path: Path) -> None:
    """Whoever is woken wants to know where."""
    asyncio.run(a_folded_log(database_url, tmp_path, 30))
    asyncio.run(tamper(database_url, "DELETE FROM audit.entry WHERE seq = 17"))

    result = motlan("audit", "verify", "--url", database_url, "--json", env=surroundings(tmp_path))
    told = msgspec.json.decode(result.stdout)

    assert Exit.UNHEALTHY == result.exit_code
    assert (17, "record") == (told["first"]["index"], told["first"]["part"])


@pytest.fixture
def bundle(database_url: str, tmp_path: Path) -> Path:
    """Give a bundle of a few records."""

    async def made() -> Path:
        async with a_desk(database_url, tmp_path) as desk:
            await desk.record([an_access() for _ in range(5)])
            return (await desk.make(Format.BUNDLE))[1]

    return asyncio.run(made())


def test_a_bundle_is_judged_without_a_database(bundle: Path) -> None:
    """It may be opened in a court, years later."""
    told = answer("audit", "verify", str(bundle))

    assert ([], 7, 7) == (told["faults"], told["records"], told["proofs"])
    assert not told["own_policy"]


def test_keys_of_ones_own_outrank_those_that_came_along(bundle: Path, tmp_path: Path) -> None:
    """Whoever forges a bundle can forge the keys inside."""
    with ZipFile(bundle) as archive:
        (tmp_path / "theirs").write_bytes(archive.read("policy"))
    stranger = a_log(tmp_path / "stranger").keys.lines(utc_now())
    key = stranger[0].vkeys[0]
    (tmp_path / "strangers").write_text(f"log {key}\nquorum none\n")

    right = motlan("audit", "verify", str(bundle), "--policy", str(tmp_path / "theirs"))
    wrong = motlan("audit", "verify", str(bundle), "--policy", str(tmp_path / "strangers"))

    assert (Exit.OK, Exit.UNHEALTHY) == (right.exit_code, wrong.exit_code)


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    """A wrong file is a mistake, not a damaged log."""
    (tmp_path / "x.zip").write_bytes(b"no archive")

    assert Exit.REFUSED == motlan("audit", "verify", str(tmp_path / "x.zip")).exit_code


def test_a_citizens_proof_is_judged_by_keys_of_ones_own(bundle: Path, tmp_path: Path) -> None:
    """The same command for one line of the disclosure register."""
    with ZipFile(bundle) as archive:
        (tmp_path / "one.tlog-proof").write_bytes(archive.read("proofs/3.tlog-proof"))
        (tmp_path / "theirs").write_bytes(archive.read("policy"))
        record = archive.read("records/3.json").decode()
    proof, policy = str(tmp_path / "one.tlog-proof"), str(tmp_path / "theirs")

    right = motlan("audit", "verify", proof, "--policy", policy)
    (tmp_path / "one.tlog-proof").write_text(
        (tmp_path / "one.tlog-proof").read_text().replace("index 3", "index 2")
    )
    wrong = motlan("audit", "verify", proof, "--policy", policy)

    assert (Exit.OK, Exit.UNHEALTHY) == (right.exit_code, wrong.exit_code)
    assert record in right.stdout
    assert Exit.REFUSED == motlan("audit", "verify", proof).exit_code
