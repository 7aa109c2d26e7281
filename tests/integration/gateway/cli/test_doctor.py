"""Tests of `motlan doctor`."""

import socket
from pathlib import Path

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan


def _states(said: dict[str, list[dict[str, object]]]) -> dict[object, object]:
    return {each["check"]: each["ok"] for each in said["checks"]}


def test_a_sound_gateway_is_well(database_url: str, tmp_path: Path) -> None:
    """Every check can be passed."""
    with socket.socket() as source:
        source.bind(("127.0.0.1", 0))
        source.listen()
        address = f"http://127.0.0.1:{source.getsockname()[1]}"
        env = {
            "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
            "MOTLAN_SOURCES__LAND__BASE_URL": address,
        }
        motlan("keys", "rotate", "--now", env=env)
        said = answer("doctor", "--url", database_url, env=env)

    names = "python database durability roles clock audit migrations catalog keys storage witnesses"
    expected = dict.fromkeys([*names.split(), "source land"], True)
    assert expected == _states(said)


def test_what_is_wrong_is_told_with_what_to_do(empty_database_url: str, tmp_path: Path) -> None:
    """One look says what comes next; one thing that is wrong does not hide the others."""
    env = {
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "none"),
        "MOTLAN_SOURCES__LAND__BASE_URL": "http://127.0.0.1:1",
    }
    result = motlan("doctor", "--url", empty_database_url, env=env)
    states = _states(answer("doctor", "--url", empty_database_url, env=env))

    assert Exit.UNHEALTHY == result.exit_code
    wrong = {name for name, ok in states.items() if not ok}
    assert {"audit", "catalog", "keys", "migrations", "source land"} <= wrong
    assert states["database"] is True
    assert "motlan db upgrade" in result.stderr


def test_a_database_that_is_away_hides_nothing_else(tmp_path: Path) -> None:
    """The keys are looked at all the same."""
    env = {"MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path)}
    states = _states(answer("doctor", "--url", "postgresql://x@127.0.0.1:1/x", env=env))

    assert {"python", "database", "keys"} <= set(states)


def test_a_gateway_that_does_not_run_is_not_ready() -> None:
    """A container's health check is this command."""
    env = {"MOTLAN_MANAGEMENT__PORT": "1"}

    assert Exit.UNHEALTHY == motlan("doctor", "--ready", env=env).exit_code


def test_a_policy_that_cannot_be_used_is_named(database_url: str, tmp_path: Path) -> None:
    """The gateway would not start with it, and the doctor says why."""
    (tmp_path / "policy").write_text("quorum nobody\n")
    env = {
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path),
        "MOTLAN_WITNESSES__POLICY_FILE": str(tmp_path / "policy"),
    }
    said = answer("doctor", "--url", database_url, env=env)
    (found,) = [each for each in said["checks"] if each["check"] == "witnesses"]

    assert not found["ok"]
    assert "line 1" in str(found["says"])
    assert "witnesses.policy_file" in str(found["do"])
