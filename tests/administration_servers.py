"""The routes of administration being served: a real port, a real database, sessions in cookies."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.di import Provide
from msgspec import Struct

from auth.accounts.accounts import Account
from auth.people import Role
from auth.roles.terms import Terms
from auth.settings import IdentitySettings
from auth.settings_people import SignOnSettings
from auth.stand_in import verifier
from gateway.api import cookies
from gateway.api.administration import Emergencies
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON, CookieDoor
from gateway.api.sessions import SessionsController
from gateway.audit.acts import Acts
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.wiring.roles import HANDLERS as ROUTES
from tests.account_builders import an_official
from tests.audit_servers import Recorded
from tests.oauth_servers import serving
from tests.role_builders import ELSEWHERE, HERE, TERMS, Hall, hall
from tests.sign_on_servers import arriving

PROVIDED = (
    "accounts", "arrivals", "clock", "cookie_door", "emergencies", "emergency_desk",
    "known_agencies", "people", "reception", "review_desk", "role_desk", "visits",
)  # fmt: skip


class Caller(Struct, frozen=True):
    """Somebody with a session, as their browser calls."""

    url: str
    secret: str
    csrf: str

    async def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Call one route from a page of ours."""
        headers = {
            "Cookie": f"{cookies.SESSION}={self.secret}",
            "X-CSRF-Token": self.csrf,
            "Origin": self.url,
            "Sec-Fetch-Site": "same-origin",
        }
        async with httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False) as client:
            return await client.request(method, path, json=body, headers=headers)


class Administered(Struct, frozen=True):
    """The routes, and what they rest on."""

    url: str
    hall: Hall
    recorded: Recorded
    strangers: list[str]  # codes of refusals of somebody unproven

    async def signed_on(
        self, *roles: Role, number: str = "CB-0001", agency: str = HERE
    ) -> tuple[Caller, Account]:
        """Prepare an official, grant *roles*, and open a session."""
        account = await self.hall.an_official(number, agency)
        for role in roles:
            await self.hall.granted(account, role)
        return await self.session_of(account), account

    async def session_of(self, account: Account) -> Caller:
        """Open a session of *account*, as if its official had just proved themselves."""
        now = utc_now()
        signed = an_official(
            agency=account.agency, staff_number=account.staff_number, auth_time=now.timestamp()
        )
        opened = await self.hall.visits.open(account, signed, now)
        return await self.caller(opened.secret)

    async def caller(self, secret: str) -> Caller:
        """Return whoever has the cookie of *secret*."""
        session = await self.hall.visits.look(secret, utc_now())
        return Caller(self.url, secret, session.csrf)

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Call as nobody."""
        async with httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False) as client:
            return await client.post(path, json=body, headers=headers)


@asynccontextmanager
async def administered(
    dsn: str, directory: Path, *, terms: Terms = TERMS
) -> AsyncGenerator[Administered]:
    """Serve the routes of administration over the database *dsn*."""
    recorded, strangers = Recorded(), list[str]()
    acts = Acts(Pseudonyms(Keyring(directory / "pseudonyms")), utc_now)
    identity = IdentitySettings(keys_dir=directory / "signing")
    given: dict[str, object] = {
        "arrivals": arriving(SignOnSettings(), strangers),
        "clock": utc_now,
        "emergencies": Emergencies(acts, recorded.append),
        "known_agencies": lambda: {HERE, ELSEWHERE},
        "people": verifier(identity, utc_now, demo=True),
    }

    @asynccontextmanager
    async def opened(_: Litestar) -> AsyncGenerator[None]:
        """Open what the server's own loop uses, inside that loop, as the application may."""
        async with hall(dsn, role="motlan_app", terms=terms) as inside:
            given["accounts"], given["visits"] = inside.accounts, inside.visits
            given["role_desk"], given["review_desk"] = inside.roles, inside.reviews
            given["emergency_desk"] = inside.emergencies
            given["cookie_door"] = CookieDoor(inside.visits, frozenset())
            given["reception"] = None
            yield

    application = Litestar(
        [*ROUTES, SessionsController],
        dependencies={**PERSON, **{name: _given(given, name) for name in PROVIDED}},
        exception_handlers={**HANDLERS},
        lifespan=[opened],
        openapi_config=None,
        logging_config=None,
    )
    async with hall(dsn, terms=terms) as outside:
        with serving(application) as url:
            door = given["cookie_door"]
            assert isinstance(door, CookieDoor)
            given["cookie_door"] = CookieDoor(door.visits, frozenset({url}))
            yield Administered(url, outside, recorded, strangers)


def _given(given: dict[str, object], name: str) -> Provide:
    return Provide(lambda: given[name], sync_to_thread=False)
