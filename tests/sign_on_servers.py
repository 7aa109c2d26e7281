"""The routes of sign-on as workers serve them, in front of a real provider, and a browser."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any

import asyncpg
import httpx
from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide
from msgspec import Struct

from auth.accounts.accounts import prepared
from auth.accounts.sessions import Bounds
from auth.accounts.signing_in import Accounts
from auth.accounts.visits import Visits
from auth.credentials.proxies import Proxies
from auth.people import Person
from auth.permissions import Permission
from auth.settings import IdentitySettings
from auth.settings_people import SignOnSettings
from auth.settings_providers import Network
from auth.signon.desk import SignOn
from auth.signon.repository import Attempts
from auth.stand_in import verifier
from gateway import database
from gateway.api.arrivals import Arrivals
from gateway.api.comings import Comings
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON, CookieDoor
from gateway.api.reception import Reception
from gateway.api.sessions import SessionsController
from gateway.api.sign_on import SignOnController
from gateway.audit.acts import Acts
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import Clock, utc_now
from gateway.settings_shape import Listen
from gateway.wiring.sessions import blind_with
from tests.audit_servers import Recorded
from tests.oauth_servers import serving
from tests.sign_on_builders import ORIGIN, UsedUp, doors_to
from tests.sso import Provider

ROUTES = [SignOnController, SessionsController]
PROXIES = Listen().proxies


@get("/v1/read", opt={"permission": Permission.AUDIT_SEARCH})
async def reads(person: NamedDependency[Person]) -> str:
    """Stand for any route that reads."""
    return person.id


@post("/v1/changes", opt={"permission": Permission.OWN_ASK})
async def changes(person: NamedDependency[Person]) -> str:
    """Stand for any route that changes something."""
    return person.id


@get("/v1/strong", opt={"permission": Permission.AUDIT_EXPORT})
async def strong(person: NamedDependency[Person]) -> str:
    """Stand for any route that demands a fresh and strong sign-on."""
    return person.id


class Gate(Struct, frozen=True):
    """A gateway at which people sign on."""

    url: str
    dsn: str
    sso: Provider
    recorded: Recorded
    strangers: list[str]  # codes of refusals of somebody unproven
    pseudonyms: Pseudonyms
    identity: IdentitySettings

    def words(self) -> list[str]:
        """Return the types of what was recorded."""
        return [leaf.type.value for leaf in self.recorded.leaves]


class Browser:
    """A person's browser at the gateway; it keeps cookies as browsers do."""

    def __init__(self, gate: Gate, url: str = "") -> None:
        self.gate = gate
        self.url = url or gate.url
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as a page of ours does; an address of ours is asked of the server under test."""
        sent = {
            "Accept": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if method != "GET":
            sent |= {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.csrf}
        wanted = {**sent, **more.pop("headers", {})}
        headers = {name: value for name, value in wanted.items() if value}
        address = self.url + path.removeprefix(ORIGIN)
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.request(method, address, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            self._take(line)
        return answer

    def _take(self, line: str) -> None:
        """Keep a cookie as a browser does that knows the prefix ``__Host-``."""
        ((name, morsel),) = SimpleCookie(line).items()
        assert name.startswith("__Host-")
        assert ("/", True, True, "", "lax") == (
            morsel["path"],
            morsel["secure"],
            morsel["httponly"],
            morsel["domain"],
            morsel["samesite"].lower(),
        )
        if morsel["max-age"] == "0":
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = morsel.value

    async def begin(self, provider: str = "staff", target: str = "/me") -> str:
        """Begin a sign-on; return the provider's address."""
        answer = await self.ask("GET", f"/sign-on/{provider}", params={"target": target})
        assert 303 == answer.status_code, answer.text
        return answer.headers["location"]

    async def sign_on(
        self, persona: str, *, provider: str = "staff", level: int = 2, target: str = "/me"
    ) -> httpx.Response:
        """Sign on as *persona*; return our last answer, a redirect when all went well."""
        back = await self.gate.sso.walk(await self.begin(provider, target), persona, level=level)
        answer = await self.ask("GET", back)
        if answer.status_code == 303:
            await self.me()
        return answer

    async def step_up(self, persona: str, *, target: str = "/me") -> httpx.Response:
        """Prove oneself again; return our last answer."""
        answer = await self.ask("POST", "/sign-on/step-up", data={"target": target})
        assert 303 == answer.status_code, answer.text
        back = await self.gate.sso.walk(answer.headers["location"], persona)
        done = await self.ask("GET", back)
        await self.me()
        return done

    async def me(self) -> dict[str, Any]:
        """Return who the gateway says this is."""
        answer = await self.ask("GET", "/me")
        told: dict[str, Any] = answer.json()
        if answer.status_code == 200 and told.get("session"):
            self.csrf = told["session"]["csrf_token"]
        return told


@asynccontextmanager
async def a_gate(
    dsn: str,
    sso: Provider,
    keys: Any,
    *,
    clock: Callable[[], datetime] = utc_now,
    bounds: Bounds | None = None,
    shown: SignOnSettings | None = None,
    proxies: Sequence[Network] = Listen().proxies,
) -> AsyncGenerator[Gate]:
    """Serve the routes of sign-on over the database *dsn*, in front of *sso*."""
    recorded, strangers = Recorded(), list[str]()
    pseudonyms = Pseudonyms(Keyring(keys / "pseudonyms"))
    identity = IdentitySettings(keys_dir=keys / "signing")
    arrivals = arriving(shown or SignOnSettings(), strangers, proxies)
    application = _application(dsn, sso, recorded, pseudonyms, identity, clock, bounds, arrivals)
    with serving(application) as url:
        yield Gate(url, dsn, sso, recorded, strangers, pseudonyms, identity)


def _application(  # noqa: PLR0917 - what a worker has
    dsn: str,
    sso: Provider,
    recorded: Recorded,
    pseudonyms: Pseudonyms,
    identity: IdentitySettings,
    clock: Clock,
    bounds: Bounds | None,
    arrivals: Arrivals,
) -> Litestar:
    engine = database.engine(dsn, pool_connections=4)

    def transaction() -> Any:
        return database.transaction(engine)

    accounts = Accounts(transaction, blind_with(pseudonyms))
    visits = Visits(transaction, blind_with(pseudonyms), bounds or Bounds())
    comings = Comings(Acts(pseudonyms, clock), recorded.append)
    values: dict[str, object] = {
        "people": verifier(identity, clock, demo=True),
        "arrivals": arrivals,
        "clock": clock,
        "cookie_door": CookieDoor(visits, frozenset({ORIGIN})),
        "sign_on": SignOn(doors_to(sso), Attempts(transaction), UsedUp()),
        "reception": Reception(
            accounts,
            visits,
            comings,
            clock=clock,
        ),
    }
    return Litestar(
        [*ROUTES, reads, changes, strong],
        dependencies={**PERSON, **{name: _given(value) for name, value in values.items()}},
        exception_handlers={**HANDLERS},
        on_shutdown=[engine.dispose],
        openapi_config=None,
        logging_config=None,
    )


def arriving(
    shown: SignOnSettings, strangers: list[str], proxies: Sequence[Network] = PROXIES
) -> Arrivals:
    """Return the bound of one worker behind *proxies*."""

    def stranger(code: str, _address: str) -> None:
        strangers.append(code)

    return Arrivals(Proxies(proxies), shown.per_minute, stranger=stranger)


def _given(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


async def prepare(dsn: str, staff_number: str = "CB-0001", agency: str = "H99.30.01") -> str:
    """Prepare an official's account as an administrator does; return its id."""
    engine = database.engine(dsn, pool_connections=1)
    new = prepared(
        name="Nguyễn Thị Thu Hà",
        agency=agency,
        staff_number=staff_number,
        by="cb-admin",
        reason="tuyển dụng mới",
        now=utc_now(),
    )
    await Accounts(lambda: database.transaction(engine), lambda *_: "").prepare(new)
    await engine.dispose()
    return new.id


async def hold(dsn: str, account: str, role: str, *, agency: str | None = None) -> None:
    """Let *account* hold *role*, and nothing else, as the view of grants shows it."""
    connection = await asyncpg.connect(dsn, timeout=10)
    scope = "NULL" if agency is None else f"'{agency}'"
    await connection.execute(
        f"CREATE OR REPLACE VIEW auth.role_held AS SELECT '{account}'::text AS account_id, "
        f"'{role}'::text AS role, {scope}::text AS agency"
    )
    await connection.close()
