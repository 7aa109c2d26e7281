"""`motlan audit bundle`: recorded first, then made, and judged by the other command."""

import asyncio
from pathlib import Path

from gateway.audit.events import Event, Method
from gateway.audit.leaf import parse
from gateway.cli.exits import Exit
from tests.audit_builders import a_deny
from tests.audit_rows import stored
from tests.command_line import answer, motlan
from tests.export_desk import a_desk
from tests.tree_rows import ORIGIN


def surroundings(folder: Path) -> dict[str, str]:
    """Return variables that name the log in *folder*."""
    return {
        "MOTLAN_TREE__ORIGIN": ORIGIN,
        "MOTLAN_TREE__KEYS_DIR": str(folder / "keys"),
        "MOTLAN_TREE__GUARD_FILE": str(folder / "guard.json"),
        "MOTLAN_AUDIT__KEYS_DIR": str(folder / "pseudonyms"),
        "MOTLAN_EXPORTS__DIRECTORY": str(folder / "exports"),
        "MOTLAN_EXPORTS__KEYS_DIR": str(folder / "exports-keys"),
    }


async def a_log(dsn: str, folder: Path) -> None:
    """Fill a log that can be taken out."""
    async with a_desk(dsn, folder) as desk:
        await desk.record([a_deny() for _ in range(4)])


def test_a_bundle_is_on_record_and_verifies(database_url: str, tmp_path: Path) -> None:
    """Whoever sits at the server leaves the same trace as an auditor at a desk."""
    asyncio.run(a_log(database_url, tmp_path))
    out, env = tmp_path / "evidence.zip", surroundings(tmp_path)

    made = answer(
        "audit", "bundle", "--query", "decision:deny", "--out", str(out), "--by", "kiem-toan-1",
        "--url", database_url, env=env,
    )  # fmt: skip
    judged = answer("audit", "verify", str(out))
    leaves = [parse(row.entry) for row in asyncio.run(stored(database_url))]
    (leaf,) = [each for each in leaves if each.type is Event.AUDIT_EXPORT]

    assert (4, []) == (made["records"], judged["faults"])
    assert leaf.id == made["record"]
    assert leaf.req is not None
    assert (Method.COMMAND, "audit:bundle") == (leaf.req.m, leaf.req.route)
    assert "kiem-toan-1" not in str(leaf)


def test_a_number_in_a_query_is_refused_and_not_repeated(database_url: str, tmp_path: Path) -> None:
    """A command line stays in a shell's history; its answer must not add to it."""
    out = str(tmp_path / "x.zip")
    result = motlan(
        "audit", "bundle", "--query", "dossier:003190000123", "--out", out,
        "--url", database_url, env=surroundings(tmp_path),
    )  # fmt: skip

    assert Exit.REFUSED == result.exit_code
    assert "003190000123" not in result.output


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """Evidence that a command can replace is none."""
    (tmp_path / "x.zip").write_bytes(b"evidence")
    result = motlan("audit", "bundle", "--out", str(tmp_path / "x.zip"))

    assert Exit.REFUSED == result.exit_code
    assert b"evidence" == (tmp_path / "x.zip").read_bytes()
