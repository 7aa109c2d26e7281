"""Tests of `motlan audit archive` and `motlan audit retention`."""

from pathlib import Path

import msgspec

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan
from tests.conftest import in_a_loop
from tests.retention_builders import a_leaving, day, make_days
from tests.tree_rows import ORIGIN


async def leave(dsn: str, folder: Path, steps: int) -> None:
    """Take some steps."""
    async with a_leaving(dsn, folder) as leaving:
        for _ in range(steps):
            await leaving.step()


def test_archives_are_verified_and_read_offline(database_url: str, tmp_path: Path) -> None:
    """An auditor needs the files and the log's keys; no database, no gateway."""
    env = {"MOTLAN_TREE__ORIGIN": ORIGIN, "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "keys")}
    in_a_loop(lambda: make_days(database_url, tmp_path, 300, 200))
    in_a_loop(lambda: leave(database_url, tmp_path, 4))
    place = str(tmp_path / "archive")

    whole = answer("audit", "archive", "verify", place, env=env)
    (record,) = answer("audit", "archive", "read", place, "--index", "0", env=env)
    beyond = motlan("audit", "archive", "read", place, "--index", "99999", env=env)
    checkpoint = tmp_path / "archive" / str(day(1)) / "checkpoint"
    checkpoint.write_text(checkpoint.read_text().replace("\n", "\n ", 1))
    broken = motlan("audit", "archive", "verify", place, "--json", env=env)

    assert whole["ok"]
    assert [str(day(n)) for n in range(4)] == [each["day"] for each in whole["days"]]
    assert f"signed by {ORIGIN}" in whole["days"][0]["says"]
    assert "writer.open" == record["entry"]["type"]
    assert Exit.REFUSED == beyond.exit_code
    assert Exit.UNHEALTHY == broken.exit_code
    states = [each["state"] for each in msgspec.json.decode(broken.stdout)["days"]]
    assert ["ok", "BROKEN", "ok", "ok"] == states


def test_a_missing_day_is_seen(database_url: str, tmp_path: Path) -> None:
    """Whoever takes a whole folder away leaves a hole between its neighbours."""
    env = {"MOTLAN_TREE__ORIGIN": ORIGIN, "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "keys")}
    in_a_loop(lambda: make_days(database_url, tmp_path, 300, 400, 200))
    in_a_loop(lambda: leave(database_url, tmp_path, 5))
    (tmp_path / "archive" / str(day(1))).rename(tmp_path / "taken")

    result = motlan("audit", "archive", "verify", str(tmp_path / "archive"), env=env)

    assert Exit.UNHEALTHY == result.exit_code
    assert f"{day(2)} does not follow {day(0)}" in result.output


def test_retention_says_what_is_kept_by_which_rule(database_url: str, tmp_path: Path) -> None:
    """A derived rule is never shown as one that was read."""
    env = {"MOTLAN_DATABASE__URL": database_url, "MOTLAN_RETENTION__VOLUME_BYTES": "10000000000"}
    in_a_loop(lambda: make_days(database_url, tmp_path, 300))
    in_a_loop(lambda: leave(database_url, tmp_path, 1))

    said = answer("audit", "retention", env=env)
    text = motlan("audit", "retention", env=env).output

    assert {"hot": 3, "searchable": 24, "register": 60, "links": 60} == said["windows"]
    assert [str(day(1)), str(day(2))] == said["due_for_archive"]
    assert [302] == [each["records"] for each in said["archived"]]
    assert "D: do chúng tôi suy ra · derived" in text
    assert "2 days are due for the archive" in text


def test_a_volume_that_is_nearly_full_is_unhealthy(database_url: str) -> None:
    """The command ends like every other check that found something."""
    env = {"MOTLAN_DATABASE__URL": database_url, "MOTLAN_RETENTION__VOLUME_BYTES": "1000000"}
    result = motlan("audit", "retention", env=env)

    assert Exit.UNHEALTHY == result.exit_code
    assert "ALARM" in result.output
