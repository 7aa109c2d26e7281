"""Tests of `motlan keys` on a folder of its own."""

from pathlib import Path

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan


def test_keys_are_made_rotated_exported_and_revoked(tmp_path: Path) -> None:
    """The life of a signing key; the private half is never printed."""
    env = {"MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing")}

    first = answer("keys", "rotate", "--now", env=env)
    following = answer("keys", "rotate", env=env)
    pending = motlan("keys", "rotate", env=env)
    listed = answer("keys", "list", env=env)
    jwks = answer("keys", "export-jwks", env=env)["keys"]
    asked = motlan("keys", "revoke", first["kid"], env=env)
    answer("keys", "revoke", first["kid"], "--yes", env=env)

    assert [("active", 0), ("next", 0)] == [(line["state"], line["age_days"]) for line in listed]
    assert {first["kid"], following["kid"]} == {key["kid"] for key in jwks}
    assert not any("d" in key for key in jwks)
    assert Exit.REFUSED == pending.exit_code == asked.exit_code
    assert first["kid"] not in {line["kid"] for line in answer("keys", "list", env=env)}


def test_the_keys_for_providers_are_a_ring_of_their_own(tmp_path: Path) -> None:
    """Whoever registers us at a provider must not be handed the keys of our tokens."""
    env = {
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path / "signing"),
        "MOTLAN_SIGN_ON__KEYS_DIR": str(tmp_path / "sign-on"),
    }

    first = answer("keys", "rotate", "--now", "--ring", "sign-on", env=env)
    answer("keys", "rotate", "--now", env=env)
    jwks = answer("keys", "export-jwks", "--ring", "sign-on", env=env)["keys"]
    answer("keys", "revoke", first["kid"], "--ring", "sign-on", "--yes", env=env)
    left = answer("keys", "list", "--ring", "sign-on", env=env)

    assert [first["kid"]] == [key["kid"] for key in jwks]
    assert first["kid"] not in {line["kid"] for line in left}
    assert first["kid"] not in {line["kid"] for line in answer("keys", "list", env=env)}
