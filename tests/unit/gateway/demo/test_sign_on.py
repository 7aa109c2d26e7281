"""Who may sign people on in the demo, and what the gateway is told of it."""

from pathlib import Path
from typing import Any, cast

import msgspec

from auth.client import new_client_key
from gateway.demo.sign_on import (
    CITIZENS,
    CLIENT_ID,
    COUNTERS,
    STAFF,
    DemoSignOn,
    callback_of,
    providers,
    realms,
)
from gateway.settings import load
from mocks.config import Config

GATEWAY, ADMIN = "http://127.0.0.1:8100", "http://127.0.0.1:8200"
KEYS = {name: new_client_key() for name in (*COUNTERS, "motcua-xa")}


def understood() -> Any:
    """Return the realms as the stand-in understands them."""
    told = {"sso": realms(GATEWAY, ADMIN, keys=KEYS)}
    return msgspec.convert(told, Config).sso


def test_the_stand_in_understands_what_it_is_told() -> None:
    """It refuses members that it does not know, and a demo must not find that out by starting."""
    found = understood()

    assert {CLIENT_ID, *COUNTERS} == found.staff.clients.keys()
    assert {CLIENT_ID} == found.citizens.clients.keys()


def test_staff_come_back_to_their_own_door_and_citizens_to_theirs() -> None:
    """Two listeners: a citizen's browser has no business at the other."""
    found = understood()

    assert (f"{ADMIN}/sign-on/{STAFF}/callback",) == found.staff.clients[CLIENT_ID].redirect_uris
    assert (f"{GATEWAY}/sign-on/{CITIZENS}/callback",) == (
        found.citizens.clients[CLIENT_ID].redirect_uris
    )


def test_a_citizens_number_stays_out_of_id_tokens() -> None:
    """They come back in the address of a logout."""
    assert understood().citizens.token_claims is False


def test_a_system_signs_officials_on_with_the_key_that_the_gateway_knows() -> None:
    """What it is given for an official can be exchanged by itself alone."""
    (system,) = COUNTERS
    client = understood().staff.clients[system]

    assert [KEYS[system].public] == client.jwks["keys"]
    assert (callback_of(system),) == client.redirect_uris


def test_the_gateway_takes_its_part_as_settings(tmp_path: Path) -> None:
    """Both providers, told apart by what stands in their addresses."""
    tables = providers("http://127.0.0.1:9105", staff_origin=ADMIN, keys=tmp_path)
    environ = {"MOTLAN_SIGN_ON__STAFF_ORIGIN": str(tables["sign_on"]["staff_origin"])}
    for code in (STAFF, CITIZENS):
        told = msgspec.json.encode(tables[f"sign_on.providers.{code}"]).decode()
        environ[f"MOTLAN_SIGN_ON__PROVIDERS__{code}"] = told

    shown = load(environ=environ).sign_on

    assert {STAFF: "staff", CITIZENS: "citizens"} == {
        code: each.realm.value for code, each in shown.providers.items()
    }


def test_the_address_stays_from_one_start_to_the_next(tmp_path: Path) -> None:
    """Accounts are linked to it."""
    first, second = DemoSignOn(tmp_path), DemoSignOn(tmp_path)
    first.settle(0)
    second.settle(0)

    assert (first.url, False) == (second.url, second.moved)


def test_an_address_that_is_taken_is_given_up_and_it_shows(tmp_path: Path) -> None:
    """Then the accounts that were linked to it are made anew."""
    import socket  # noqa: PLC0415 - this test alone holds a port

    first, second = DemoSignOn(tmp_path), DemoSignOn(tmp_path)
    first.settle(0)
    port = int(cast("str", first.url).rpartition(":")[2])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        second.settle(0)

    assert first.url != second.url
    assert (False, True) == (first.moved, second.moved)
