"""Tests of `motlan doctor`."""

import asyncio
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from auth.keys import SigningKeyRing
from gateway.cli.exits import Exit
from gateway.clock import utc_now
from tests.command_line import answer, motlan
from tests.sso import Provider, a_client, a_provider_process

AWAY = "postgresql://x@127.0.0.1:1/x"


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

    names = (
        "python database durability roles clock audit migrations catalog keys storage witnesses "
        "rights systems"
    )
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


def test_a_key_that_signs_for_too_long_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Nobody counts the days of a key; whoever copied it a year ago still signs with it."""
    folders = {name: tmp_path / name for name in ("signing", "sign-on")}
    for folder in folders.values():
        SigningKeyRing(folder, keep=timedelta()).ensure(utc_now() - timedelta(days=400))
    env = a_staff_provider("http://127.0.0.1:1/realms/staff") | {
        "MOTLAN_IDENTITY__KEYS_DIR": str(folders["signing"]),
        "MOTLAN_SIGN_ON__KEYS_DIR": str(folders["sign-on"]),
    }

    old = answer("doctor", "--url", AWAY, env=env)
    listed = motlan("keys", "list", env=env)
    more = {"MOTLAN_IDENTITY__ROTATE_AFTER_DAYS": "500"}
    allowed = answer("doctor", "--url", AWAY, env=env | more)
    motlan("keys", "rotate", "--ring", "sign-on", env=env)
    begun = answer("doctor", "--url", AWAY, env=env)

    assert (False, "active for 400 days", "run `motlan keys rotate --ring signing`") == said_of(
        old, "keys"
    )
    assert "run `motlan keys rotate --ring sign-on`" == said_of(old, "keys sign-on")[2]
    assert "run `motlan keys rotate --ring signing`" in listed.stdout
    assert {True} == {said_of(allowed, check)[0] for check in ("keys", "keys sign-on")}
    assert (True, "active for 400 days, next") == said_of(begun, "keys sign-on")[:2]


def test_a_proxy_on_another_host_has_to_be_named(tmp_path: Path) -> None:
    """Otherwise three hundred people in a minute would be one, and lock out the province."""
    env = a_staff_provider("http://127.0.0.1:1/realms/staff") | {
        "MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path),
        "MOTLAN_SIGN_ON__KEYS_DIR": str(tmp_path),
    }
    beyond = env | {"MOTLAN_ADMIN__HOST": "10.20.0.5"}
    named = beyond | {"MOTLAN_LISTEN__PROXIES": '["10.20.0.1/32"]'}

    here, apart, told = (answer("doctor", "--url", AWAY, env=each) for each in (env, beyond, named))

    assert "proxies" not in _states(here)
    assert (False, "name them in listen.proxies: docs/operations.md") == said_of(apart, "proxies")[
        ::2
    ]
    assert _states(told)["proxies"]


def said_of(said: dict[str, list[dict[str, Any]]], check: str) -> tuple[bool, str, str]:
    """Return how one check came out."""
    found = next(each for each in said["checks"] if each["check"] == check)
    return found["ok"], found["says"], found["do"]


def test_a_provider_is_tried_as_far_as_a_browser_would_get(tmp_path: Path) -> None:
    """Whoever registers the gateway learns at once whether the provider takes it."""
    folder = tmp_path / "sign-on"
    env = {"MOTLAN_IDENTITY__KEYS_DIR": str(tmp_path), "MOTLAN_SIGN_ON__KEYS_DIR": str(folder)}
    motlan("keys", "rotate", "--now", "--ring", "sign-on", env=env)
    jwks = answer("keys", "export-jwks", "--ring", "sign-on", env=env)
    with a_provider_process() as base:
        env |= a_staff_provider(f"{base}/realms/staff")
        unknown = told(answer("doctor", "--url", AWAY, env=env))
        asyncio.run(register(base, jwks["keys"][0]))
        known = told(answer("doctor", "--url", AWAY, env=env))
    gone = told(answer("doctor", "--url", AWAY, env=env))

    assert (False, True) == (unknown["ok"], "does not take our proof" in unknown["says"])
    assert (True, "1 usable keys; it takes our request") == (known["ok"], known["says"])
    assert (False, "docs/sign-on.md") == (gone["ok"], gone["do"].removeprefix("see "))


def told(said: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what the doctor says about the provider."""
    return next(each for each in said["checks"] if each["check"] == "provider staff")


def a_staff_provider(issuer: str) -> dict[str, str]:
    """Return the settings of one provider as variables."""
    members = {
        "ISSUER": issuer,
        "REALM": "staff",
        "CLIENT_ID": "motlan",
        "TITLE_VI": "Cán bộ",
        "TITLE_EN": "Officials",
        "NETWORKS": '["127.0.0.0/8"]',
    }
    return {f"MOTLAN_SIGN_ON__PROVIDERS__STAFF__{name}": text for name, text in members.items()}


async def register(base: str, key: dict[str, str]) -> None:
    """Tell the provider who we are."""
    sso = Provider(base)
    try:
        await sso.register(a_client("http://127.0.0.1:8200/sign-on/staff/callback", key=key))
    finally:
        await sso.close()
