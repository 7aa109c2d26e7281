"""Exports as processes put them together: routes on a real port, a keeper's loop beside them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.di import Provide
from msgspec import Struct

from auth.people import Role
from auth.settings import IdentitySettings
from auth.stand_in import verifier
from gateway import database
from gateway.api.bodies import Limits
from gateway.api.exports import ExportsController
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON
from gateway.audit.acts import Acts
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.exports.asking import Asking
from gateway.exports.repository import JobRepository, WorkRepository
from gateway.exports.working import Working
from gateway.search.naming import Naming
from gateway.search.saved import SavedSearches
from tests.audit_servers import Recorded, call_as
from tests.export_desk import Desk, a_desk
from tests.oauth_servers import serving
from tests.search_builders import searched


class Exporting(Struct, frozen=True):
    """Routes of exports being served, and who makes them."""

    url: str
    desk: Desk
    working: Working
    recorded: Recorded
    pseudonyms: Pseudonyms
    identity: IdentitySettings

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role = Role.AUDITOR,
        account: str = "kt-01",
    ) -> httpx.Response:
        """Call one route as somebody with *role*."""
        return await call_as(self.url, self.identity, role, account, method, path, json=body)


@asynccontextmanager
async def exporting(dsn: str, folder: Path) -> AsyncGenerator[Exporting]:
    """Serve exports over the database *dsn*; nothing is made before `Working.once`."""
    recorded, keyring = Recorded(), Keyring(folder / "pseudonyms")
    pseudonyms = Pseudonyms(keyring)
    identity = IdentitySettings(keys_dir=folder / "signing")
    given: dict[str, object] = {
        "people": verifier(identity, utc_now, demo=True),
        "limits": Limits(),
    }

    async def evidence(finding: str) -> tuple[int, ...] | None:
        return (1, 3) if finding == "F-01" else None

    @asynccontextmanager
    async def opened(_: Litestar) -> AsyncGenerator[None]:
        pool = await database.raw_pool(dsn, "motlan_auditor", 2)
        async with pool, searched(dsn) as inside:
            given["exports"] = Asking(
                JobRepository(pool),
                acts=Acts(pseudonyms, utc_now),
                append=recorded.append,
                naming=Naming(keyring, pseudonyms),
                aliases=inside.repository.aliases,
                evidence=evidence,
                remember=SavedSearches(pool, utc_now).remember_reason,
                directory=folder / "exports",
                clock=utc_now,
            )
            yield

    application = Litestar(
        [ExportsController],
        dependencies={**PERSON, **{n: _given(given, n) for n in (*given, "exports")}},
        exception_handlers={**HANDLERS},
        lifespan=[opened],
        openapi_config=None,
        logging_config=None,
    )
    follower = await database.raw_pool(dsn, "motlan_follower", 2)
    async with follower, a_desk(dsn, folder) as desk:
        working = Working(
            WorkRepository(follower),
            desk.making,
            holder="k1",
            directory=desk.directory,
            clock=utc_now,
        )
        with serving(application) as url:
            yield Exporting(url, desk, working, recorded, pseudonyms, identity)


def _given(given: dict[str, object], name: str) -> Provide:
    return Provide(lambda: given[name], sync_to_thread=False)
