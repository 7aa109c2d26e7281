"""Many sign-ons from one place, over a real socket: it is slowed down, and nobody else is."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

from auth.settings_people import SignOnSettings
from auth.signon.arrivals import networks_of
from gateway.api.arrivals import SITE_TIMES
from tests.sign_on_builders import our_registration
from tests.sign_on_servers import Browser, Gate, a_gate, prepare
from tests.sso import Provider, a_provider

FEW = 10
FLOOD, OFFICE = {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "198.51.100.7"}
NOWHERE = "/sign-on/nowhere"  # counted like any other, and no provider is asked
Serving: TypeAlias = Callable[..., AbstractAsyncContextManager[Gate]]


@pytest.fixture
async def sso() -> AsyncIterator[Provider]:
    """Give a provider that knows us."""
    async with a_provider(our_registration()) as made:
        yield made


@pytest.fixture
def serve(database_url: str, tmp_path: Path, sso: Provider) -> Serving:
    """Give what serves a gateway by its settings."""
    return partial(a_gate, database_url, sso, tmp_path)


@pytest.fixture
async def gate(serve: Serving) -> AsyncIterator[Gate]:
    """Give a gateway behind a proxy on its own host, at which few sign-ons are many."""
    async with serve(shown=SignOnSettings(per_minute=FEW)) as made:
        yield made


async def flood(gate: Gate, times: int, headers: dict[str, str]) -> list[int]:
    """Begin *times* sign-ons one after the other; return the statuses."""
    async with httpx.AsyncClient(base_url=gate.url, timeout=30, trust_env=False) as client:
        return [(await client.get(NOWHERE, headers=headers)).status_code for _ in range(times)]


async def test_a_flood_from_one_address_ends_and_others_sign_on(gate: Gate) -> None:
    """Each attempt takes a row and a question to the provider, and both are everybody's."""
    await prepare(gate.dsn)
    official = Browser(gate)
    begun = await official.ask("GET", "/sign-on/staff", headers=OFFICE)

    assert [404] * FEW + [429] == await flood(gate, FEW + 1, FLOOD)
    refused = await Browser(gate).ask("GET", "/sign-on/staff", headers=FLOOD)
    assert (429, "rate_limited") == (refused.status_code, refused.json()["code"])
    assert 1 <= int(refused.headers["retry-after"]) <= 60 / FEW
    assert not refused.headers.get_list("set-cookie")
    assert ["rate_limited"] * 2 == gate.strangers

    back = await gate.sso.walk(begun.headers["location"], "cb-0001", level=2)
    assert 303 == (await official.ask("GET", back, headers=OFFICE)).status_code


async def test_an_address_made_up_helps_nobody(gate: Gate) -> None:
    """Our proxy appends the address that it saw: what the caller wrote stands before it."""
    one = [{"X-Forwarded-For": f"192.0.2.{n}, 203.0.113.9"} for n in range(FEW + 1)]

    statuses = [(await flood(gate, 1, headers))[0] for headers in one]

    assert [404] * FEW + [429] == statuses


async def test_without_a_proxy_the_header_counts_for_nothing(serve: Serving) -> None:
    """Somebody who reaches us directly cannot have a new address for each request."""
    async with serve(shown=SignOnSettings(per_minute=FEW), proxies=()) as gate:
        statuses = [
            (await flood(gate, 1, {"X-Forwarded-For": f"192.0.2.{n}"}))[0] for n in range(FEW + 1)
        ]

    assert [404] * FEW + [429] == statuses


async def test_a_proxy_that_says_for_nobody_shuts_nobody_out(gate: Gate) -> None:
    """Behind it stands the whole province: one bound for all would be a lock for all."""
    assert [404] * 3 * FEW == await flood(gate, 3 * FEW, {})


async def test_hundreds_behind_one_address_sign_on_at_one_hour(serve: Serving) -> None:
    """A provincial office has one address, and begins to work at half past seven."""
    async with serve() as gate:
        assert {404} == set(await flood(gate, 300, OFFICE))


async def test_a_whole_site_of_ipv6_has_a_bound_of_its_own(gate: Gate) -> None:
    """A rented server comes with 65,536 networks; each of them would be a fresh beginning."""
    networks = [{"X-Forwarded-For": f"2001:db8:1:{n:x}::1"} for n in range(SITE_TIMES + 1)]
    assert 1 == len({networks_of(each["X-Forwarded-For"])[1] for each in networks})

    *before, last = [set(await flood(gate, FEW, headers)) for headers in networks]

    assert [{404}] * SITE_TIMES == before
    assert 429 in last


async def test_a_person_is_told_in_words_how_long_to_wait(gate: Gate) -> None:
    """A browser shows no headers; Vietnamese comes first."""
    await flood(gate, FEW, FLOOD)
    wanted = {**FLOOD, "Accept": "text/html"}

    page = await Browser(gate).ask("GET", "/sign-on/staff", headers=wanted)

    assert (429, "vi") == (page.status_code, page.headers["content-language"])
    wait = page.headers["retry-after"]
    assert page.text.index(f"sau {wait} giây") < page.text.index(f"in {wait} seconds")


async def test_proving_oneself_again_counts_as_a_sign_on(gate: Gate) -> None:
    """A step-up leaves a row and asks the provider like any other beginning."""
    await prepare(gate.dsn)
    browser = Browser(gate)
    await browser.sign_on("cb-0001")
    await flood(gate, FEW, FLOOD)

    answer = await browser.ask("POST", "/sign-on/step-up", headers=FLOOD, data={"target": "/me"})

    assert (429, "rate_limited") == (answer.status_code, answer.json()["code"])
    assert 200 == (await browser.ask("GET", "/me")).status_code
