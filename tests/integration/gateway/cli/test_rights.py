"""`motlan people` at a real database: accounts, the first operators, and the last resort."""

import asyncio
from typing import Any

import asyncpg
import pytest

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan

WHY = ("--by", "CB-0009", "--reason", "thiết lập ban đầu")
OTHER = ("--by", "CB-0010", "--reason", "kiểm tra lại")


@pytest.fixture
def env(database_url: str) -> dict[str, str]:
    """Give the settings of a gateway that has a last resort."""
    return {"MOTLAN_DATABASE__URL": database_url, "MOTLAN_BREAK_GLASS__ENABLED": "true"}


def prepared(env: dict[str, str], number: str) -> str:
    """Prepare an account; return its id."""
    named = ("--name", "Trần Thị Bình", "--agency", "H99.30.01", "--staff-number", number)
    made = answer("people", "prepare", *named, *WHY, env=env)
    return str(made["id"])


def first(env: dict[str, str], account: str) -> Any:
    """Make *account* one of the first operators."""
    return motlan("people", "grant", account, "operator", "--approved-by", "CB-0011", *WHY, env=env)


def due(dsn: str) -> list[tuple[str, str]]:
    """Return what the record is owed: the event, and through what it came."""

    async def asked() -> list[tuple[str, str]]:
        connection = await asyncpg.connect(dsn, timeout=10)
        rows = await connection.fetch("SELECT event, via FROM audit.change_due ORDER BY id")
        await connection.close()
        return [(row["event"], row["via"]) for row in rows]

    return asyncio.run(asked())


def test_the_first_two_operators_are_made_at_the_machine(env: dict[str, str]) -> None:
    """Two people's word for each; a third is made by the two."""
    accounts = [prepared(env, f"CB-000{number}") for number in range(3)]

    ends = [first(env, account).exit_code for account in accounts]

    assert [Exit.OK, Exit.OK, Exit.REFUSED] == ends
    granted = ("role.grant", "motlan:people")
    assert 2 == due(env["MOTLAN_DATABASE__URL"]).count(granted)


def test_what_is_asked_at_the_machine_is_approved_where_people_sign_on(
    env: dict[str, str],
) -> None:
    """With two operators the machine no longer approves; it still takes away."""
    accounts = [prepared(env, f"CB-000{number}") for number in range(3)]
    operators = [first(env, account) for account in accounts[:2]]
    asked = answer("people", "grant", accounts[2], "auditor", *WHY, env=env)

    approved = motlan("people", "approve", asked["id"], *OTHER, env=env)

    assert ("asked", Exit.REFUSED) == (asked["state"], approved.exit_code)
    assert "two operators decide" in approved.stderr
    waiting = answer("people", "grants", "--undecided", env=env)
    assert [asked["id"]] == [line["id"] for line in waiting]
    held = answer("people", "grants", "--account", accounts[0], env=env)[0]["id"]
    assert "ended" == answer("people", "revoke", held, *OTHER, env=env)["state"]
    assert [Exit.OK, Exit.OK] == [each.exit_code for each in operators]


def test_before_that_another_person_approves_at_the_machine(env: dict[str, str]) -> None:
    """And never the one who asked."""
    asked = answer("people", "grant", prepared(env, "CB-0001"), "auditor", *WHY, env=env)

    own = motlan("people", "approve", asked["id"], *WHY, env=env)
    done = answer("people", "approve", asked["id"], *OTHER, env=env)

    assert (Exit.REFUSED, "granted") == (own.exit_code, done["state"])


def test_an_account_is_disabled_and_enabled_by_name(env: dict[str, str]) -> None:
    """Its own official cannot enable it; and each state has its command."""
    account = prepared(env, "CB-0001")
    own = ("--by", "cb-0001", "--reason", "tôi cần dùng")

    disabled = answer("people", "disable", account, *WHY, env=env)
    refused = [
        motlan("people", "enable", account, *own, env=env).exit_code,
        motlan("people", "unlock", account, *WHY, env=env).exit_code,
        motlan("people", "disable", account, *WHY, env=env).exit_code,
    ]
    enabled = answer("people", "enable", account, *WHY, env=env)

    assert ("disabled", "active") == (disabled["state"], enabled["state"])
    assert [Exit.REFUSED] * 3 == refused
    assert ["active"] == [line["state"] for line in answer("people", "list", env=env)]


def test_the_last_resort_is_opened_closed_and_shown(env: dict[str, str]) -> None:
    """The secret is printed once, and stands in no list."""
    opened = answer("people", "break-glass", "open", *WHY, env=env)
    again = motlan("people", "break-glass", "open", *OTHER, env=env)
    closed = answer("people", "break-glass", "close", "--by", "CB-0010", env=env)
    shown = motlan("people", "break-glass", "list", env=env)

    assert (39, Exit.REFUSED) == (len(opened["secret"]), again.exit_code)
    assert "closed" == closed["stage"]
    assert opened["id"] in shown.stdout
    assert opened["secret"] not in shown.stdout


def test_there_is_no_last_resort_unless_the_settings_say_so(database_url: str) -> None:
    """Off by default: nobody has a way in that nobody decided on."""
    env = {"MOTLAN_DATABASE__URL": database_url}

    refused = motlan("people", "break-glass", "open", *WHY, env=env)

    assert Exit.REFUSED == refused.exit_code
    assert "break_glass.enabled" in refused.stderr


def test_a_locked_door_is_no_part_of_an_open_one(env: dict[str, str]) -> None:
    """Unlocking what is not locked is refused, not silently done."""
    assert Exit.REFUSED == (
        motlan("people", "break-glass", "unlock", "--by", "CB-0010", env=env).exit_code
    )


def test_reviews_are_listed(env: dict[str, str]) -> None:
    """Before the first there is nothing to be late with."""
    listed = motlan("people", "review", "list", env=env)

    assert (Exit.OK, "no review has begun\n") == (listed.exit_code, listed.stdout)
    assert [] == answer("people", "review", "show", "none", env=env)


def test_a_database_that_is_away_is_told_as_such(env: dict[str, str]) -> None:
    """A refusal would send the operator to the wrong place."""
    away = env | {"MOTLAN_DATABASE__URL": "postgresql://127.0.0.1:1/none"}

    assert Exit.DATABASE == motlan("people", "list", env=away).exit_code
