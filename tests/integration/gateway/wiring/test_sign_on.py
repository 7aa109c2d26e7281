"""From settings to a desk: the providers, the keys we prove ourselves by, and both over HTTP."""

import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide

from auth.signon.desk import SignOn
from auth.signon.staff_tokens import StaffTokens
from gateway.api.sign_on_keys import PATH, SignOnKeysController
from gateway.clock import utc_now
from gateway.settings import load
from gateway.wiring import sign_on
from gateway.wiring.shared import Shared
from tests.oauth_servers import serving
from tests.sign_on_builders import ORIGIN
from tests.sso import a_client, a_provider, answered


@pytest.fixture
async def given(database_url: str, tmp_path: Path) -> AsyncIterator[Callable[[str], Any]]:
    """Give what a worker gets from this part, for the providers at an address."""
    async with AsyncExitStack() as stack:

        async def given_for(base: str) -> dict[str, object]:
            shared = Shared(load(overrides(database_url, tmp_path, base), {}))
            shared.open_database(stack)
            return await sign_on.serve(stack, shared)

        yield given_for


def overrides(dsn: str, folder: Path, base: str) -> dict[str, Any]:
    """Return settings with the two realms at *base*, or none."""
    one = {
        "client_id": "motlan",
        "title_vi": "Đăng nhập",
        "title_en": "Sign on",
        "networks": ["127.0.0.0/8"],
    }
    providers = {
        realm: {**one, "issuer": f"{base}/realms/{realm}", "realm": realm}
        for realm in ("staff", "citizens")
    }
    return {
        "database": {"url": dsn},
        "identity": {"keys_dir": folder / "signing"},
        "sign_on": {
            "providers": providers if base else {},
            "keys_dir": folder / "sign-on",
            "origin": ORIGIN,
        },
    }


async def test_nobody_is_asked_and_no_key_made_where_nobody_signs_on(
    given: Callable[[str], Any], tmp_path: Path
) -> None:
    """A gateway for systems alone starts without any of it."""
    provided = await given("")

    assert sign_on.PROVIDES == tuple(provided)
    assert () == cast("SignOn", provided["sign_on"]).providers
    assert {"keys": []} == provided["sign_on_keys"](utc_now())
    assert not (tmp_path / "sign-on").exists()


async def test_a_provider_reads_our_keys_and_signs_somebody_on(
    given: Callable[[str], Any], tmp_path: Path
) -> None:
    """Registration is one address; the key behind it can change without anybody's help."""
    async with a_provider() as sso:
        provided = await given(sso.base)
        with serving(publishing(provided)) as ours:
            await sso.register(
                a_client(f"{ORIGIN}/sign-on/staff/callback", jwks_uri=f"{ours}{PATH}")
            )
            desk = cast("SignOn", provided["sign_on"])
            begun = await desk.begin("staff", target="/me", now=utc_now())
            back = await sso.walk(begun.url, "cb-0001")
            counted = desk.tally.endings()
            proven, _ = await desk.finish(
                answered(back), begun.attempt, utc_now(), provider="staff"
            )

    assert ("CB-0001", ["staff", "citizens"]) == (
        proven.staff_number,
        [each.code for each in desk.providers],
    )
    assert ({"begun": 1}, {"staff": 0, "citizens": 0}) == (counted, desk.tally.away())
    assert isinstance(provided["staff_tokens"], StaffTokens)
    assert 0o700 == stat.S_IMODE((tmp_path / "sign-on").stat().st_mode)


async def test_our_keys_are_published_without_their_private_halves(
    given: Callable[[str], Any],
) -> None:
    """Everybody may read them, and keep them for less time than a new key waits."""
    provided = await given("http://127.0.0.1:1")
    with serving(publishing(provided)) as ours:
        async with httpx.AsyncClient(base_url=ours, trust_env=False, timeout=20) as client:
            reply = await client.get(PATH)

    assert "application/jwk-set+json" == reply.headers["content-type"].partition(";")[0]
    assert "public, max-age=300" == reply.headers["cache-control"]
    assert [{"kty", "crv", "x", "y", "kid", "use", "alg"}] == [
        set(key) for key in reply.json()["keys"]
    ]
    assert sign_on.LEAD.total_seconds() > 300


def publishing(provided: dict[str, object]) -> Litestar:
    """Return an application with the route of our keys and nothing else."""
    values: dict[str, Callable[[], object]] = {
        "sign_on_keys": lambda: provided["sign_on_keys"],
        "clock": lambda: utc_now,
    }
    return Litestar(
        [SignOnKeysController],
        dependencies={name: Provide(value, sync_to_thread=False) for name, value in values.items()},
        openapi_config=None,
        logging_config=None,
    )
