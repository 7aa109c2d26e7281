"""Token endpoints as workers run them: a real port, a real database, keys in a real directory."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from time import monotonic, sleep, time

import httpx
import uvicorn
from litestar import Litestar
from litestar.di import Provide

from auth.client import token_form
from auth.credentials.fetching import KeySets
from auth.credentials.proxies import Proxies
from auth.credentials.repository import KeySetRepository, UseRepository
from auth.credentials.uses import Uses
from auth.delegation.neighbours import Neighbours
from auth.delegation.repository import RevokedTokens
from auth.forms import FORM
from auth.identity import Identity
from auth.issuer import Issuer, Parts
from auth.keys import SigningKeyRing
from auth.metadata import authorization_server, protected_resource
from auth.outbound import Outbound
from auth.possession.certificates import CertificatePeers
from auth.repository import Desk, SystemRepository
from auth.systems import System
from gateway.api.credentials import Credentials
from gateway.api.oauth import OAuthController, Published
from gateway.clock import utc_now
from gateway.database import engine, transaction
from tests.bound import HEADERS, PEERS
from tests.party_builders import ISSUER, REACHES, NoOfficials, a_binding, a_fresh_assertion


def an_application(database_url: str, keys: Path) -> Litestar:
    """Return an application with the sign-on routes and nothing else."""
    identity = Identity(issuer=ISSUER, audience=ISSUER)
    ring = SigningKeyRing(keys, keep=timedelta(seconds=420))
    ring.ensure(utc_now())
    database = engine(database_url, pool_connections=4)
    rows = KeySetRepository(lambda: transaction(database))
    outbound = Outbound(networks=(ip_network("127.0.0.0/8"),), timeout_s=1.5)
    desk = Desk(
        lambda: transaction(database),
        published=KeySets(rows, outbound.get, utc_now),
        uses=Uses(UseRepository(lambda: transaction(database))),
    )
    parts = Parts(
        keys=ring,
        rows=desk,
        uses=desk,
        reaches=lambda _: REACHES,
        binding=a_binding(),
        clock=utc_now,
    )
    issuer = Issuer(identity, parts)
    neighbours = Neighbours(
        identity=identity,
        keys=ring,
        admission=issuer.admission,
        taken=RevokedTokens(lambda: transaction(database)),
        officials=NoOfficials(),
    )
    credentials = Credentials(ISSUER, CertificatePeers(PEERS), Proxies(()))
    published = Published(authorization_server(identity), protected_resource(identity))
    values = {
        "oauth_issuer": lambda: issuer,
        "oauth_neighbours": lambda: neighbours,
        "oauth_published": lambda: published,
        "credentials": lambda: credentials,
        "signing_keys": lambda: ring,
        "clock": lambda: utc_now,
    }
    return Litestar(
        [OAuthController],
        dependencies={name: Provide(value, sync_to_thread=False) for name, value in values.items()},
        on_shutdown=[database.dispose],
        openapi_config=None,
        logging_config=None,
    )


@contextmanager
def serving(application: Litestar) -> Generator[str]:
    """Serve on a free loopback port; give the base URL."""
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, log_config=None, proxy_headers=False)
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port(server)}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def _port(server: uvicorn.Server) -> int:
    end = monotonic() + 20
    while not server.started:
        assert monotonic() < end, "the server did not start"
        sleep(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])


async def register(database_url: str, system: System) -> None:
    """Store the first version of a system."""
    database = engine(database_url, pool_connections=1)
    async with transaction(database) as session:
        await SystemRepository(session).append(system)
    await database.dispose()


async def ask(base: str, assertion: str | None = None, **changes: str) -> httpx.Response:
    """Ask one server for a token, with an assertion made just now unless one is given."""
    body = token_form(assertion or a_fresh_assertion(now=time()), **changes)
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
        return await client.post(
            "/oauth/token", content=body, headers={"Content-Type": FORM, **HEADERS}
        )


async def fetch(base: str, path: str) -> httpx.Response:
    """Get a public document."""
    async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False) as client:
        return await client.get(path)
