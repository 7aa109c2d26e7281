"""Tests of `motlan settings`."""

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan


def test_settings_are_shown_without_secrets() -> None:
    """The first thing that is asked for in a support case."""
    env = {"MOTLAN_DATABASE__URL": "postgresql://gw:s3cret@db/motlan"}

    words = motlan("settings", "show", env=env).stdout

    assert "database.url = 'postgresql://***@db/motlan'" in words
    assert "s3cret" not in words + str(answer("settings", "show", env=env))


def test_a_wrong_setting_has_its_own_exit_code() -> None:
    """A deployment stops before anything is replaced."""
    result = motlan("settings", "check", env={"MOTLAN_LISTEN__PROT": "1"})

    assert Exit.SETTINGS == result.exit_code
    assert "listen.prot: no such setting" in result.stderr


def test_production_is_checked_without_starting_anything() -> None:
    """All of what is refused is said at once."""
    said = answer("settings", "check", env={"MOTLAN_ENVIRONMENT": "production"})

    assert Exit.SETTINGS == said["error"]["code"]
    assert said["error"]["message"].count("production refuses") > 1
