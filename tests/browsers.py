"""People's browsers in front of a running gateway and its providers, as strict as real ones."""

from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.api import cookies
from gateway.demo.province import Province
from gateway.demo.sign_on import CITIZENS, STAFF
from tests.sso import Browser as AtProvider
from tests.sso import Provider

HOST_PREFIX = "__Host-"


class Browser:
    """One browser at one door of the gateway; *home* is that door's origin."""

    def __init__(self, home: str, provider: str) -> None:
        self.home = home
        self.provider = provider  # its code in the settings
        self.there = AtProvider()  # the same browser, at the provider
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    async def close(self) -> None:
        """Close the browser."""
        await self.there.close()

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as a page of *home* does; follow nothing.  Headers given replace the usual ones."""
        sent = {
            "Accept": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if method != "GET":
            own = {"Origin": self.home, "Sec-Fetch-Site": "same-origin"}
            sent |= {**own, "X-CSRF-Token": self.csrf}
        wanted = {**sent, **more.pop("headers", {})}
        headers = {name: value for name, value in wanted.items() if value}
        address = path if path.startswith(self.home) else self.home + path
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.request(method, address, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            self._take(line)
        return answer

    async def begin(self, target: str = "/me") -> str:
        """Begin a sign-on; return the provider's address."""
        answer = await self.ask("GET", f"/sign-on/{self.provider}", params={"target": target})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def proven(self, persona: str, *, level: int = 2) -> str:
        """Begin, prove who one is, and return the address that the provider sends us back to."""
        return await self.there.walk(await self.begin(), persona, level=level)

    async def sign_on(self, persona: str, *, level: int = 2) -> httpx.Response:
        """Sign on as *persona*; return the gateway's last answer, a redirect when all went well."""
        answer = await self.ask("GET", await self.proven(persona, level=level))
        if answer.status_code == 303:
            await self.me()
        return answer

    async def enter(self, persona: str) -> None:
        """Sign on as *persona*, which must go through."""
        answer = await self.sign_on(persona)
        assert answer.status_code == 303, answer.text

    async def me(self) -> dict[str, Any]:
        """Return who the gateway says this is, or its problem; keep the token for changes."""
        answer = await self.ask("GET", "/me")
        told: dict[str, Any] = answer.json()
        if answer.status_code == 200:
            self.csrf = told["session"]["csrf_token"]
        return told

    @property
    def session(self) -> str:
        """Return the session's cookie; empty when there is none."""
        return self.cookies.get(cookies.SESSION, "")

    def _take(self, line: str) -> None:
        """Keep a cookie, under the conditions that browsers set for the prefix (RFC 6265bis)."""
        ((name, morsel),) = SimpleCookie(line).items()
        assert name.startswith(HOST_PREFIX), name
        assert morsel["secure"], line
        assert morsel["httponly"], line
        assert ("/", "") == (morsel["path"], morsel["domain"]), line
        assert morsel["samesite"].lower() == "lax", line
        if morsel["max-age"] == "0":
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = morsel.value


def staff_browser(province: Province) -> Browser:
    """Return an official's browser, at the door for staff."""
    return Browser(province.admin, STAFF)


def citizen_browser(province: Province) -> Browser:
    """Return a citizen's browser, at the door for everybody."""
    return Browser(province.gateway, CITIZENS)


def provider_of(province: Province) -> Provider:
    """Return the doors of the province's providers."""
    parts = urlsplit(province.sign_on.issuer(STAFF))
    return Provider(f"{parts.scheme}://{parts.netloc}")
