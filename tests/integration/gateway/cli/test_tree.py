"""Tests of `motlan audit tree` on a database and folders of its own."""

from pathlib import Path

import pytest

from gateway.cli.exits import Exit
from gateway.clock import utc_now
from gateway.sequencing.guard import Guard, Published
from tests.audit_rows import stored
from tests.command_line import answer, motlan
from tests.conftest import in_a_loop
from tests.tree_rows import ORIGIN, a_log, a_sequencer, append, fold_all, owner_changes


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a gateway whose log has 12 records."""

    async def prepared() -> None:
        await append(database_url, 10)
        async with a_sequencer(database_url, a_log(tmp_path)) as sequencer:
            await fold_all(sequencer)

    in_a_loop(prepared)
    return {
        "MOTLAN_DATABASE__URL": database_url,
        "MOTLAN_AUDIT__KEYS_DIR": str(tmp_path / "pseudonyms"),
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
        "MOTLAN_TREE__ORIGIN": ORIGIN,
        "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "keys"),
        "MOTLAN_TREE__GUARD_FILE": str(tmp_path / "guard.json"),
    }


def test_status_of_a_tree_in_order(env: dict[str, str]) -> None:
    """One look: how large, how late, signed by what."""
    found = answer("audit", "tree", "status", env=env)
    shown = motlan("audit", "tree", "status", env=env)

    assert (ORIGIN, 12, 0, 12, None) == tuple(
        found[name] for name in ("origin", "size", "backlog", "published", "halt")
    )
    assert (Exit.OK, True) == (shown.exit_code, "12 in the tree, 0 waiting" in shown.output)


def test_status_names_a_stopped_writer_and_what_to_do(
    env: dict[str, str], database_url: str
) -> None:
    """Vietnamese first; the command ends with the code of an unhealthy check."""

    async def damaged() -> None:
        await append(database_url, 10, names=("bad",))
        await owner_changes(
            database_url, "DELETE FROM audit.entry WHERE writer LIKE 'bad.%' AND seq = 5"
        )

    in_a_loop(damaged)
    shown = motlan("audit", "tree", "status", env=env)

    assert Exit.UNHEALTHY == shown.exit_code
    assert "STOPPED    bad." in shown.output
    assert shown.output.index("Thiếu một bản ghi") < shown.output.index("A record is missing")


def test_a_lost_history_is_followed_by_a_new_log_on_the_operators_word(
    env: dict[str, str], database_url: str
) -> None:
    """Refused, explained, and then done in the open: the old end becomes a record."""
    guard = Guard(Path(env["MOTLAN_TREE__GUARD_FILE"]))
    guard.write(Published(ORIGIN, 900, bytes(range(32)), utc_now()))
    restored = motlan("audit", "tree", "status", env=env)
    same_name = motlan("audit", "tree", "reorigin", "--reason", "mất ổ đĩa", "--yes", env=env)
    env = {**env, "MOTLAN_TREE__ORIGIN": "motlan.test/audit/2"}
    changed = motlan("audit", "tree", "status", env=env)
    asked = motlan("audit", "tree", "reorigin", "--reason", "mất ổ đĩa", env=env)
    done = answer("audit", "tree", "reorigin", "--reason", "mất ổ đĩa", "--yes", env=env)
    after = answer("audit", "tree", "status", env=env)

    assert [Exit.UNHEALTHY, Exit.REFUSED, Exit.UNHEALTHY, Exit.REFUSED] == [
        each.exit_code for each in (restored, same_name, changed, asked)
    ]
    assert "HALTED     restored: 12 leaves here, 900 were published" in restored.output
    assert "HALTED     origin: this node published motlan.test/audit/1" in changed.output
    assert {"origin": "motlan.test/audit/2", "size": 12, "ended": ORIGIN, "ended_at": 900} == done
    assert (None, "motlan.test/audit/2", 12) == (
        after["halt"],
        after["origin"],
        after["published"],
    )
    rows = in_a_loop(lambda: stored(database_url))
    (leaf,) = [row.entry for row in rows if b'"type":"settings.apply"' in row.entry]
    assert bytes(range(32)).hex().encode() in leaf
    assert b'"rev":900' in leaf
    assert "mất ổ đĩa".encode() not in leaf


def test_keys_that_others_may_read_halt_the_signing(env: dict[str, str]) -> None:
    """In any environment."""
    (path,) = Path(env["MOTLAN_TREE__KEYS_DIR"]).glob("*.logkey")
    path.chmod(0o644)

    status = motlan("audit", "tree", "status", env=env)

    assert (Exit.UNHEALTHY, True) == (status.exit_code, "HALTED     keys" in status.output)


def test_signing_goes_on_after_a_clock_that_had_been_ahead(
    env: dict[str, str], database_url: str
) -> None:
    """A year ahead for a minute must not mean a year without checkpoints; it is on record."""
    refused = motlan("audit", "tree", "trust-clock", "--reason", "NTP", "--yes", env=env)
    ahead = "UPDATE audit.tree SET at = at + interval '300 days'"
    in_a_loop(lambda: owner_changes(database_url, ahead))
    halted = motlan("audit", "tree", "status", env=env)
    asked = motlan("audit", "tree", "trust-clock", "--reason", "NTP", env=env)
    done = answer("audit", "tree", "trust-clock", "--reason", "NTP", "--yes", env=env)
    after = answer("audit", "tree", "status", env=env)

    assert [Exit.REFUSED, Exit.UNHEALTHY, Exit.REFUSED] == [
        each.exit_code for each in (refused, halted, asked)
    ]
    assert "HALTED     clock" in halted.output
    assert done["ahead_s"] > 299 * 86_400
    assert None is after["halt"]
    rows = in_a_loop(lambda: stored(database_url))
    (leaf,) = [row.entry for row in rows if b'"type":"settings.apply"' in row.entry]
    assert b'"id":"tree.clock"' in leaf
