"""The routes of systems as workers serve them, and the people who administer systems."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.di import Provide
from msgspec.structs import replace

from auth.client import new_client_key
from auth.people import Role
from auth.stand_in import verifier
from gateway.api.failures import HANDLERS
from gateway.api.people import PERSON
from gateway.api.registrars import Registry
from gateway.clock import utc_now
from gateway.settings import Settings, load
from gateway.wiring import systems
from gateway.wiring.shared import Shared
from tests.oauth_servers import serving
from tests.people import token_for

OURS, THEIRS = "H99.30", "H99.31"
REASON = "Công văn 12/SKHCN"
NEW = {"If-None-Match": "*"}
CALLERS: dict[str, dict[str, Any]] = {
    "agency": {"role": Role.AGENCY_ADMINISTRATOR, "account": "qt-01", "agency": OURS},
    "other_agency": {"role": Role.AGENCY_ADMINISTRATOR, "account": "qt-02", "agency": THEIRS},
    "operator": {"role": Role.OPERATOR, "account": "vh-01", "agency": None},
    "second": {"role": Role.OPERATOR, "account": "vh-02", "agency": None},
    "auditor": {"role": Role.AUDITOR, "account": "kt-01", "agency": "H99.01"},
    "official": {"role": Role.OFFICIAL, "account": "cb-01", "agency": OURS},
    "nowhere": {"role": Role.AGENCY_ADMINISTRATOR, "account": "qt-03", "agency": None},
}


class Hall:
    """A served gateway and those who call it."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url = url
        self._settings = settings

    def ask(
        self, who: str | None, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """Call one route as *who*: a name of `CALLERS`, or nobody."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            named["Authorization"] = f"Bearer {token_for(self._settings, **CALLERS[who])}"
        return httpx.request(
            method, self.url + path, json=body, headers=named, timeout=20, trust_env=False
        )

    def put(
        self, who: str, client_id: str, body: object, *, version: int | None = None
    ) -> httpx.Response:
        """Register a system, or amend the *version* of it."""
        said = {"If-None-Match": "*"} if version is None else {"If-Match": f'"{version}"'}
        return self.ask(who, "PUT", f"/v1/systems/{client_id}", body, **said)

    def act(
        self, who: str, client_id: str, act: str, version: int, **body: object
    ) -> httpx.Response:
        """Do one act to a *version* of a system."""
        said = {"reason": REASON, **body}
        return self.ask(
            who, "POST", f"/v1/systems/{client_id}/{act}", said, If_Match=f'"{version}"'
        )

    def decide(self, who: str, request: str, *, approve: bool = True) -> httpx.Response:
        """Decide a request."""
        body = {"approve": approve, "reason": "Đã đối chiếu"}
        return self.ask(who, "POST", f"/v1/system-requests/{request}/decision", body)

    def live(self, client_id: str, **changes: object) -> None:
        """Register a live system by two people."""
        asked = self.put("agency", client_id, a_body(**changes))
        assert 202 == asked.status_code, asked.text
        decided = self.decide("operator", asked.json()["request"]["id"])
        assert 200 == decided.status_code, decided.text


def a_body(**changes: object) -> dict[str, object]:
    """Return what an agency says about a live system; each change is what a test is about."""
    return {
        "agency": OURS,
        "name_vi": "Một cửa điện tử",
        "name_en": "One-stop desk",
        "keys": [a_key()],
        "reason": REASON,
    } | changes


def a_key(**changes: object) -> dict[str, object]:
    """Return a new public key as it is sent."""
    return {"jwk": new_client_key().public} | changes


@contextmanager
def hall(database_url: str, folder: Path) -> Generator[Hall]:
    """Serve the routes of systems alone, over a catalog that has two agencies."""
    settings = load(
        {
            "database": {"url": database_url, "pool_connections": 3},
            "audit": {"keys_dir": folder / "pseudonyms"},
            "identity": {"keys_dir": folder / "signing"},
        },
        {},
    )
    with serving(_application(settings)) as url:
        yield Hall(url, settings)


def _application(settings: Settings) -> Litestar:
    given: dict[str, Any] = {
        "clock": utc_now,
        "people": verifier(settings.identity, utc_now, demo=True),
    }

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            shared = Shared(settings)
            shared.open_database(stack)
            registry = (await systems.serve(stack, shared))["registry"]
            assert isinstance(registry, Registry)
            given["registry"] = replace(registry, agencies=lambda: {OURS, THEIRS})
            yield

    def provided(name: str) -> Provide:
        return Provide(lambda: given[name], sync_to_thread=False)

    return Litestar(
        [*systems.HANDLERS],
        dependencies={
            **PERSON,
            **{name: provided(name) for name in ("clock", "people", *systems.PROVIDES)},
        },
        exception_handlers={**HANDLERS},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )
