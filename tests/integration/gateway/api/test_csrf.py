"""Which requests with a session's cookie may change something: a page's of ours, and no other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth.people import Role
from gateway.api import cookies
from tests.people import ANH_NUMBER, token_for
from tests.sign_on_builders import ORIGIN, our_registration
from tests.sign_on_servers import Browser, Gate, a_gate
from tests.sso import a_provider

OWN = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def gate(database_url: str, tmp_path: Path) -> AsyncIterator[Gate]:
    """Give a gateway, and a provider that knows it."""
    async with (
        a_provider(our_registration()) as sso,
        a_gate(database_url, sso, tmp_path) as made,
    ):
        yield made


async def asked(browser: Browser, **headers: str) -> tuple[int, str]:
    """Change something with exactly these headers beside the cookie; return status and code."""
    bare = {"Origin": "", "Sec-Fetch-Site": "", "X-CSRF-Token": ""}
    sent = bare | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await browser.ask("POST", "/v1/changes", headers=sent)
    return answer.status_code, answer.json()["code"] if answer.is_error else ""


async def test_a_change_needs_the_token_and_a_page_of_ours(gate: Gate) -> None:
    """Each sign alone is not enough, and nobody else's will do."""
    browser, other = Browser(gate), Browser(gate)
    await browser.sign_on("p01", provider="citizens")
    await other.sign_on("p01", provider="citizens")
    token = {"X-CSRF-Token": browser.csrf}
    done, refused = (201, ""), (403, "csrf_refused")

    expected = {
        "both": (done, {**OWN, **token}),
        "an old browser": (done, {"Origin": ORIGIN, **token}),
        "no token": (refused, OWN),
        "no word of where from": (refused, token),
        "another session's token": (refused, {**OWN, "X-CSRF-Token": other.csrf}),
        "another site": (refused, {**token, "Origin": "https://evil.example"}),
        "a sibling host": (refused, {**token, "Sec-Fetch-Site": "same-site"}),
        "nobody's origin": (refused, {**token, "Origin": "null"}),
    }

    found = {name: await asked(browser, **headers) for name, (_, headers) in expected.items()}
    assert {name: outcome for name, (outcome, _) in expected.items()} == found


async def test_a_form_of_ours_may_carry_the_token(gate: Gate) -> None:
    """A page without any script works; its origin is hidden by our own policy."""
    browser = Browser(gate)
    await browser.sign_on("p01", provider="citizens")
    hidden = {"Origin": "null", "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": ""}

    for csrf, status in ((browser.csrf, 201), ("x" * 43, 403)):
        answer = await browser.ask(
            "POST", "/v1/changes", headers=hidden, data={"csrf_token": csrf, "more": "1"}
        )
        assert status == answer.status_code


async def test_a_token_dies_with_the_session_it_is_of(gate: Gate) -> None:
    """A page left open from before a sign-in changes nothing."""
    browser = Browser(gate)
    await browser.sign_on("p01", provider="citizens")
    old = browser.csrf
    await browser.step_up("p01")

    assert (403, "csrf_refused") == await asked(browser, **OWN, **{"X-CSRF-Token": old})
    assert (201, "") == await asked(browser, **OWN, **{"X-CSRF-Token": browser.csrf})


@pytest.mark.parametrize("path", ["/sign-out", "/me/sessions/end-all", "/sign-on/step-up"])
async def test_another_site_signs_nobody_out(gate: Gate, path: str) -> None:
    """Routes of sign-on are no exception."""
    browser = Browser(gate)
    await browser.sign_on("p01", provider="citizens")

    answer = await browser.ask("POST", path, headers={"Origin": "https://evil.example"})

    assert (403, "csrf_refused") == (answer.status_code, answer.json()["code"])
    assert 200 == (await browser.ask("GET", "/me")).status_code


async def test_a_cookie_from_a_sibling_host_opens_nothing(gate: Gate) -> None:
    """Only the name that browsers protect counts, and only when it came once."""
    planter, victim = Browser(gate), Browser(gate)
    await planter.sign_on("p01", provider="citizens")
    await victim.sign_on("p05", provider="citizens")
    planted, own = planter.cookies[cookies.SESSION], victim.cookies[cookies.SESSION]

    for sent in (
        f"motlan={planted}",
        f"__Secure-motlan={planted}",
        f"__host-motlan={planted}",
        f"{cookies.SESSION}={own}; {cookies.SESSION}={planted}",
        f"{cookies.SESSION}={planted}; {cookies.SESSION}={own}",
    ):
        answer = await victim.ask("GET", "/me", headers={"Cookie": sent})
        assert (401, "token_missing") == (answer.status_code, answer.json()["code"]), sent


async def test_a_caller_with_a_token_of_its_own_needs_neither(gate: Gate) -> None:
    """No other site can make a browser send Authorization, and a wrong one is no cookie's help."""
    token = token_for(gate.identity, role=Role.CITIZEN, agency=None, so_dinh_danh=ANH_NUMBER)
    browser = Browser(gate)
    await browser.sign_on("p01", provider="citizens")

    assert (201, "") == await asked(browser, Authorization=f"Bearer {token}")
    assert (401, "token_invalid") == await asked(browser, **OWN, Authorization="Bearer x.y.z")
    assert (401, "token_missing") == await asked(browser, **OWN, Authorization="Basic eA==")
