"""A provider that fails in the middle of a sign-on: nobody comes in, and the next attempt does."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from mocks.faults import Fault
from tests.sign_on_builders import our_registration
from tests.sign_on_servers import Browser, Gate, a_gate, prepare
from tests.sso import a_provider

# What a provider can do to an answer and still be reached; `slow` and `wrong-person` are others'.
FAULTS = (
    Fault.GARBLED,
    Fault.TRUNCATED,
    Fault.OVERSIZE,
    Fault.HALF_CLOSED,
    Fault.REDIRECT,
    Fault.ERROR_500,
    Fault.BUSY,
)
ENDINGS = {"provider_unavailable", "provider_untrusted", "provider_refused"}
WAYS = {
    "par": ("staff", "cb-0001"),
    "token": ("staff", "cb-0001"),
    "userinfo": ("citizens", "p01"),
}


@pytest.fixture
async def gate(database_url: str, tmp_path: Path) -> AsyncGenerator[Gate]:
    """Give a gateway in front of a provider that knows it, with one official prepared."""
    await prepare(database_url)
    async with (
        a_provider(our_registration()) as sso,
        a_gate(database_url, sso, tmp_path) as made,
    ):
        yield made


async def tried(gate: Gate, fault: Fault, endpoint: str) -> tuple[str, Browser]:
    """Sign on while *endpoint* has *fault*; return the problem's code and the browser."""
    realm, persona = WAYS[endpoint]
    browser = Browser(gate)
    await gate.sso.fault(fault, under=f"/realms/{realm}/{endpoint}")
    if endpoint == "par":
        answer = await browser.ask("GET", f"/sign-on/{realm}")
    else:
        back = await gate.sso.walk(await browser.begin(realm), persona)
        answer = await browser.ask("GET", back)
    await gate.sso.fault(fault, times=0)
    return str(answer.json()["code"]) if answer.content else "", browser


@pytest.mark.parametrize("endpoint", WAYS)
async def test_nobody_comes_in_by_a_broken_answer(gate: Gate, endpoint: str) -> None:
    """Noise, half of it, far too much, nothing, somewhere else, a failure: told as what it is."""
    ended: dict[Fault, str] = {}
    held: list[str] = []
    for fault in FAULTS:
        ended[fault], browser = await tried(gate, fault, endpoint)
        held += browser.cookies
    realm, persona = WAYS[endpoint]
    after = await Browser(gate).sign_on(persona, provider=realm)

    assert set(ended.values()) <= ENDINGS, ended
    assert {"provider_unavailable"} == {ended[Fault.ERROR_500], ended[Fault.BUSY]}
    assert all("attempt" in name for name in held), held
    assert 303 == after.status_code, after.text


async def test_a_provider_that_never_answers_is_waited_for_briefly(gate: Gate) -> None:
    """The person is told; the worker's time is not the provider's to spend."""
    code, browser = await tried(gate, Fault.SILENT, "token")
    after = await Browser(gate).sign_on("cb-0001")

    assert "provider_unavailable" == code
    assert {} == browser.cookies
    assert 303 == after.status_code, after.text
