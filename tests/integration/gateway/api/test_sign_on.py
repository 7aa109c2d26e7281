"""Signing on through our routes, at a real provider, with a browser that keeps cookies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.api import cookies
from tests.sign_on_builders import our_registration
from tests.sign_on_servers import Browser, Gate, a_gate, prepare
from tests.sso import a_provider


@pytest.fixture
async def gate(database_url: str, tmp_path: Path) -> AsyncIterator[Gate]:
    """Give a gateway, and a provider of staff and citizens that knows it."""
    async with (
        a_provider(our_registration()) as sso,
        a_gate(database_url, sso, tmp_path) as made,
    ):
        yield made


async def test_an_official_signs_on_and_out(gate: Gate) -> None:
    """The whole way, there and back; each step is on record."""
    account = await prepare(gate.dsn)
    browser = Browser(gate)

    done = await browser.sign_on("cb-0001", target="/me?tab=1")
    assert (303, "/me?tab=1") == (done.status_code, done.headers["location"])
    me = await browser.me()
    assert (account, "Nguyễn Thị Thu Hà", "H99.30.01", 2, []) == (
        me["account"],
        me["name"],
        me["agency"],
        me["level"],
        me["roles"],
    )
    assert {cookies.SESSION} == browser.cookies.keys()

    out = await browser.ask("POST", "/sign-out")
    assert 303 == out.status_code
    assert out.headers["location"].startswith(gate.sso.issuer("staff"))
    assert {} == browser.cookies
    assert "token_missing" == (await browser.me())["code"]
    assert ["session.open", "session.close"] == gate.words()
