"""The auditors' routes as workers serve them: a real port, a real database, keys in a directory."""

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
from gateway.api.audit import AuditController, SavedSearchController
from gateway.api.bodies import Limits
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON
from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Leaf
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable
from gateway.search.desk import Desk
from gateway.search.lookups import Lookups
from gateway.search.naming import Naming
from gateway.search.rates import Rate
from gateway.search.saved import SavedSearches
from gateway.sequencing.repository import TreeRepository
from tests.builders import a_snapshot
from tests.oauth_servers import serving
from tests.people import token_for
from tests.search_builders import Searched, searched


class Recorded:
    """A log that keeps leaves, and stops taking them when told."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.broken = False

    async def append(self, entry: Entry) -> Receipt:
        """Keep the leaf, or fail as a log does whose disk is full."""
        if self.broken:
            raise AuditUnavailable
        assert isinstance(entry.body, Leaf)
        self.leaves.append(entry.body)
        return Receipt(entry_id=entry.body.id, writer="w", seq=0, leaf="00")


async def call_as(
    url: str, identity: IdentitySettings, role: Role, account: str, *asked: Any, **sent: Any
) -> httpx.Response:
    """Ask one route as somebody with *role*; the rest is what `httpx` takes for a request."""
    headers = {"Authorization": f"Bearer {token_for(identity, role=role, account=account)}"}
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        return await client.request(*asked, headers=headers, **sent)


class Audited(Struct, frozen=True):
    """Auditors' routes being served."""

    url: str
    log: Searched
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
        content: bytes | None = None,
    ) -> httpx.Response:
        """Call one route as somebody with *role*."""
        sent = {"json": body} if content is None else {"content": content}
        return await call_as(self.url, self.identity, role, account, method, path, **sent)


@asynccontextmanager
async def audited(
    dsn: str, directory: Path, *, per_minute: float = 1_000
) -> AsyncGenerator[Audited]:
    """Serve the auditors' routes over the database *dsn*."""
    recorded, keyring = Recorded(), Keyring(directory / "pseudonyms")
    pseudonyms = Pseudonyms(keyring)
    lookups = Lookups(Acts(pseudonyms, utc_now), recorded.append, Rate(per_minute))
    identity = IdentitySettings(keys_dir=directory / "signing")
    given: dict[str, object] = {
        "people": verifier(identity, utc_now, demo=True),
        "limits": Limits(),
        "clock": utc_now,
    }

    @asynccontextmanager
    async def opened(_: Litestar) -> AsyncGenerator[None]:
        """Open what the server's own loop uses, inside that loop."""
        pool = await database.raw_pool(dsn, "motlan_auditor", 2)
        async with searched(dsn) as inside:
            saved = given["saved_searches"] = SavedSearches(pool, utc_now)
            given["audit_desk"] = Desk(
                repository=inside.repository,
                tree=TreeRepository(pool),
                lookups=lookups,
                naming=Naming(keyring, pseudonyms),
                saved=saved,
                catalog=a_snapshot,
                evidence=_evidence,
                clock=utc_now,
            )
            yield
        await pool.close()

    names = (*given, "saved_searches", "audit_desk")
    application = Litestar(
        [AuditController, SavedSearchController],
        dependencies={**PERSON, **{name: _given(given, name) for name in names}},
        exception_handlers={**HANDLERS},
        lifespan=[opened],
        openapi_config=None,
        logging_config=None,
    )
    async with searched(dsn) as log:
        with serving(application) as url:
            yield Audited(url, log, recorded, pseudonyms, identity)


def _given(given: dict[str, object], name: str) -> Provide:
    return Provide(lambda: given[name], sync_to_thread=False)


async def _evidence(finding: str) -> tuple[int, ...] | None:
    """Know one finding, which rests on two leaves."""
    return (0, 2) if finding == "F-01" else None
