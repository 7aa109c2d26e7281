"""Tests of `motlan keys log` on folders of its own; without a database it works all the same."""

from pathlib import Path

import pytest

from gateway.cli.exits import Exit
from gateway.tlog.vkeys import Kind, parse_vkey
from tests.command_line import answer, motlan
from tests.tree_rows import ORIGIN, a_log


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Give the settings of a gateway whose log has its first pair of keys."""
    a_log(tmp_path)
    return {
        "MOTLAN_DATABASE__DIRECTORY": str(tmp_path / "postgres"),
        "MOTLAN_AUDIT__KEYS_DIR": str(tmp_path / "pseudonyms"),
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
        "MOTLAN_TREE__ORIGIN": ORIGIN,
        "MOTLAN_TREE__KEYS_DIR": str(tmp_path / "keys"),
    }


def test_the_life_of_a_pair_of_log_keys(env: dict[str, str]) -> None:
    """Published first, taking over later, retired by a person's word; private halves unseen."""
    (first,) = answer("keys", "log", "list", env=env)
    following = answer("keys", "log", "rotate", env=env)
    again = motlan("keys", "log", "rotate", env=env)
    vkeys = answer("keys", "log", "vkeys", env=env)
    asked = motlan("keys", "log", "retire", following["id"], env=env)
    unknown = motlan("keys", "log", "retire", "nobody", "--yes", env=env)
    ended = answer("keys", "log", "retire", following["id"], "--yes", env=env)
    urgent = answer("keys", "log", "rotate", "--now", env=env)
    listed = motlan("keys", "log", "list", env=env)

    assert ["active", "active", "next", "next"] == [each["state"] for each in vkeys]
    kinds = [parse_vkey(each["vkey"]).kind for each in vkeys]
    assert [Kind.ED25519, Kind.ML_DSA_44] * 2 == kinds
    assert (True, "retired") == (ended["destroyed"], ended["state"])
    assert {Exit.REFUSED} == {each.exit_code for each in (again, asked, unknown)}
    assert {first["id"], following["id"], urgent["id"]} <= set(listed.output.split())
    assert "active" == urgent["state"]


def test_keys_that_others_may_read_are_refused(env: dict[str, str]) -> None:
    """In any environment."""
    (path,) = Path(env["MOTLAN_TREE__KEYS_DIR"]).glob("*.logkey")
    path.chmod(0o644)

    shown = motlan("keys", "log", "list", env=env)

    assert (Exit.UNHEALTHY, True) == (shown.exit_code, "chmod 600" in shown.output)
