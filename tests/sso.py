"""A sign-on provider for tests, and somebody who signs on there without a browser.

In one event loop with the relying party, or beside it as a process of its own::

    async with a_provider(a_client(callback, key=key.public)) as sso: ...
    with a_provider_process() as base: sso = Provider(base); await sso.register(...)

Then ``sso.issuer("staff")`` is what the relying party is configured with, and
``await sso.walk(begun.url, "cb-0001", level=2)`` returns the address that the browser is sent back
to; ``mocks/contracts/README.md`` lists personas, faults and doors.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from mocks.config import Client, Sso
from mocks.sso.serving import serving

CLIENT_ID = "motlan"
_PAGE = re.compile(r'name="page" value="([^"]+)"')


def a_client(*redirect_uris: str, key: Mapping[str, str] | None = None, **members: Any) -> Client:
    """Return the registration of a relying party with one public *key*, or with a `jwks_uri`."""
    if key is not None:
        members["jwks"] = {"keys": [dict(key)]}
    return Client(redirect_uris=redirect_uris, **members)


def answered(callback: str) -> dict[str, str]:
    """Return the parameters that the provider put into the address it sent the browser to."""
    return dict(parse_qsl(urlsplit(callback).query))


class Browser:
    """Somebody with one browser at the provider; cookies stay from one sign-on to the next."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(trust_env=False, timeout=30)

    async def close(self) -> None:
        """Close the browser."""
        await self._client.aclose()

    async def walk(
        self, url: str, persona: str, *, level: int | None = None, answer: str = "yes"
    ) -> str:
        """Open *url*, answer the page if there is one, and return where the provider sends us.

        Args:
            url: of the authorization endpoint, as the relying party made it.
            persona: account id, such as ``cb-0001`` or ``p01``.
            level: 1 or 2; the level that was asked for when left out.
            answer: ``no`` refuses.
        """
        page = await self._client.get(url)
        if page.status_code == 303:  # signed on already, and nothing to ask
            return page.headers["location"]
        assert page.status_code == 200, page.text
        form = {"page": _PAGE.findall(page.text)[0], "persona": persona, "answer": answer}
        form["level"] = str(level or offered_level(page.text))
        where = str(page.url.copy_with(query=None)).removesuffix("/authorize") + "/choose"
        reply = await self._client.post(where, data=form)
        assert reply.status_code == 303, reply.text
        return reply.headers["location"]

    async def opened(self, url: str) -> str:
        """Open *url*, which must answer without a page; return where it leads."""
        reply = await self._client.get(url)
        assert reply.status_code == 303, reply.text
        return reply.headers["location"]

    async def leave(self, url: str) -> str | None:
        """Open the provider's logout and confirm; return where it sends us, if anywhere."""
        reply = await self._client.get(url)
        if reply.status_code == 200 and 'name="confirmed"' in reply.text:
            base = str(reply.url.copy_with(query=None))
            given = dict(parse_qsl(reply.url.query.decode()))
            reply = await self._client.post(base, data={**given, "confirmed": "yes"})
        assert reply.status_code in {200, 303}, reply.text
        return reply.headers.get("location")


def offered_level(page: str) -> int:
    """Return the level that the page has chosen already: the one asked for."""
    return int(re.findall(r'name="level" value="([12])" required checked', page)[0])


class Provider:
    """A running provider: its issuers, its doors, and a first browser."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.browser = Browser()
        self._doors = httpx.AsyncClient(base_url=base, trust_env=False, timeout=30)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.browser.close()
        await self._doors.aclose()

    def issuer(self, realm: str) -> str:
        """Return the issuer of ``staff`` or ``citizens``."""
        return f"{self.base}/realms/{realm}"

    async def walk(
        self, url: str, persona: str, *, level: int | None = None, answer: str = "yes"
    ) -> str:
        """Sign *persona* on in a browser of its own; see `Browser.walk`."""
        browser = Browser()
        try:
            return await browser.walk(url, persona, level=level, answer=answer)
        finally:
            await browser.close()

    async def register(
        self, client: Client, client_id: str = CLIENT_ID, *, realm: str | None = None
    ) -> None:
        """Register a relying party, or replace it, at both realms or at one."""
        query = {} if realm is None else {"realm": realm}
        body = msgspec.json.encode(client)
        await self._door("PUT", f"clients/{client_id}", content=body, params=query)

    async def fault(self, name: str, *, times: int = 1, **query: str) -> None:
        """Order a fault or a lie (0 clears, -1 lasts); `realm` or `under` narrow it."""
        await self._door("POST", f"faults/{name}", params={"times": str(times), **query})

    async def rotate(self, *, overlap: bool, **query: str) -> None:
        """Sign with a new key from now on; without *overlap* the old one is gone at once."""
        await self._door(
            "POST", "keys/rotate", params={"overlap": "yes" if overlap else "no", **query}
        )

    async def set_clock(self, ahead: float) -> None:
        """Let the provider's clock be *ahead* seconds ahead; negative is behind."""
        await self._door("POST", "clock", params={"ahead": str(ahead)})

    async def end_sessions(self, **query: str) -> int:
        """End sessions as the provider's administration would; `persona` and `realm` narrow it."""
        return int((await self._door("DELETE", "sessions", params=query))["ended"])

    async def sessions(self, realm: str) -> list[dict[str, Any]]:
        """Return who is signed on."""
        found: list[dict[str, Any]] = (await self._door("GET", "sessions"))[realm]
        return found

    async def logouts(self) -> list[dict[str, Any]]:
        """Return what relying parties answered to logout tokens so far."""
        found: list[dict[str, Any]] = (await self._door("GET", "logouts"))["logouts"]
        return found

    async def logouts_of(self, count: int) -> list[dict[str, Any]]:
        """Wait until relying parties have answered *count* logout tokens; return the answers."""
        async with asyncio.timeout(30):
            while len(found := await self.logouts()) < count:
                await asyncio.sleep(0.02)
        return found

    async def _door(self, method: str, door: str, **members: Any) -> dict[str, Any]:
        answer = await self._doors.request(method, f"/__{door}", **members)
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read


@asynccontextmanager
async def a_provider(
    client: Client | None = None, settings: Sso | None = None
) -> AsyncGenerator[Provider]:
    """Run a provider in this event loop, with *client* registered as ``motlan``."""
    async with serving(settings) as base:
        provider = Provider(base)
        try:
            if client is not None:
                await provider.register(client)
            yield provider
        finally:
            await provider.close()


@contextmanager
def a_provider_process() -> Generator[str]:
    """Run a provider as a process of its own; give its base URL."""
    command = [sys.executable, "-m", "mocks", "sso", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
