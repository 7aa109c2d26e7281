"""Sessions as workers and the keeper hold them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from litestar.testing import RequestFactory

from auth.accounts.errors import SessionEnded
from auth.accounts.visits import Visits
from gateway.api.arrivals import Arrivals
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.errors import Code, Refusal
from gateway.settings import load
from gateway.wiring import sessions
from gateway.wiring.sessions import blind_with, own_origins, visits_of
from gateway.wiring.shared import Shared
from tests.account_builders import ANH_NUMBER, a_citizen
from tests.audit_servers import Recorded

OLD = """
UPDATE auth.session SET opened_at = now() - interval '9 hours',
  seen_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'
"""


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncGenerator[Shared]:
    """Give what every process has, with a log that keeps leaves."""
    settings = load(
        {
            "database": {"url": database_url},
            "audit": {"keys_dir": str(tmp_path / "pseudonyms")},
            "sessions": {"per_account": 2},
        },
        environ={},
    )
    made = Shared(settings)
    log: Any = Recorded()
    made.log = log
    async with AsyncExitStack() as stack:
        made.open_database(stack)
        yield made


async def test_a_flood_of_sign_ons_shows_on_a_board_and_in_the_record(shared: Shared) -> None:
    """An operator sees that it goes on, an auditor from where; each worker lets pass its share."""
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9"})
    request.scope["client"] = ("127.0.0.1", 4711)
    share = shared.settings.sign_on.per_minute // shared.settings.listen.workers
    async with AsyncExitStack() as stack:
        arrivals = (await sessions.serve(stack, shared))["arrivals"]
        assert isinstance(arrivals, Arrivals)
        for _ in range(share):
            arrivals.admit(request)
        with pytest.raises(Refusal) as refused:
            arrivals.admit(request)

    log: Any = shared.log
    (leaf,) = log.leaves
    assert Code.RATE_LIMITED is refused.value.code
    assert [(Code.RATE_LIMITED, 1)] == [(each.code, each.n) for each in leaf.noise]
    counted = shared.meters.counts["motlan.gateway.unproven"].of((Code.RATE_LIMITED.value,))
    assert 1 == counted.value


async def test_a_session_of_one_worker_opens_at_another_after_a_restart(shared: Shared) -> None:
    """Nothing of a session lives in a process: keys of pseudonyms are on disk, the rest is rows."""
    async with AsyncExitStack() as stack:
        given = await sessions.serve(stack, shared)
        account = await given["accounts"].sign_in(a_citizen(), utc_now())  # type: ignore[attr-defined]
        made = await visits_of(shared).open(account, a_citizen(), utc_now())

    restarted = Shared(shared.settings)
    async with AsyncExitStack() as stack:
        restarted.open_database(stack)
        found = await visits_of(restarted).look(made.secret, utc_now())
        again = await sessions.accounts_of(restarted).sign_in(a_citizen(), utc_now())

    assert (account.id, ANH_NUMBER) == (found.person.id, found.person.so_dinh_danh)
    assert account.id == again.id


async def test_the_settings_bound_how_many_sessions_an_account_has(shared: Shared) -> None:
    """What an operator wrote is what is done."""
    account = await sessions.accounts_of(shared).sign_in(a_citizen(), utc_now())
    visits = visits_of(shared)
    made = [await visits.open(account, a_citizen(), utc_now()) for _ in range(3)]

    assert 2 == len(await visits.listed(account.id, utc_now()))
    with pytest.raises(SessionEnded):
        await visits.look(made[0].secret, utc_now())


async def test_the_keeper_removes_sessions_that_are_over(shared: Shared, database_url: str) -> None:
    """A row that opens nothing any more is nobody's business."""
    account = await sessions.accounts_of(shared).sign_in(a_citizen(), utc_now())
    visits: Visits = visits_of(shared)
    await visits.open(account, a_citizen(), utc_now())
    connection = await asyncpg.connect(database_url, timeout=10)
    await connection.execute(OLD)
    kept = await visits.open(account, a_citizen(), utc_now())

    async with AsyncExitStack() as stack:
        await sessions.keep(stack, shared)
        async with asyncio.timeout(30):
            while await connection.fetchval("SELECT count(*) FROM auth.session") > 1:
                await asyncio.sleep(0.05)

    assert kept.id == await connection.fetchval("SELECT id FROM auth.session")
    await connection.close()


def test_pseudonyms_of_different_kinds_have_nothing_in_common(tmp_path: Path) -> None:
    """Consents, accounts and providers' names for one person cannot be joined by their text."""
    pseudonyms = Pseudonyms(Keyring(tmp_path / "pseudonyms"))
    blind = blind_with(pseudonyms)
    kinds = ("account", "link", "subject", "sid")

    made = {blind(kind, ANH_NUMBER) for kind in kinds} | {pseudonyms.person(ANH_NUMBER)}
    assert 5 == len(made)
    assert blind("subject", "Ab1") != blind("subject", "aB1")
    assert blind("subject", "a b") != blind("subject", "ab")
    assert blind("account", ANH_NUMBER) == blind_with(pseudonyms)("account", ANH_NUMBER)


def test_pages_of_ours_are_those_of_the_settings() -> None:
    """Citizens' pages, and staff's at their own door."""
    settings = load(
        {
            "identity": {"issuer": "https://lgsp.h99.example"},
            "sign_on": {
                "staff_origin": "https://qt.h99.example",
                "origin": "https://dan.h99.example",
            },
        },
        environ={},
    )

    assert {
        "https://lgsp.h99.example",
        "https://qt.h99.example",
        "https://dan.h99.example",
    } == own_origins(settings)
