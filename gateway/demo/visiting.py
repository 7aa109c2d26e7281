"""Somebody signed on at the gateway with a browser: what its pages show, and what they change."""

import json
from typing import Any, cast

from auth.accounts import csrf
from gateway.api.sessions import ME
from gateway.calling.wire import Answer, Json, Reply
from gateway.demo.browsing import Browser

ACCEPTED = {"Accept": "application/json"}


class NotLetIn(Exception):
    """The sign-on ended without a session; says where."""


class Visitor:
    """One person with one session at one door of the gateway."""

    def __init__(self, home: str, provider: str, persona: str, *, level: int = 1) -> None:
        """Sign *persona* on at *home*, by the provider of that code.

        Raises:
            NotLetIn: no session was opened.
            Lost, Unanswered: the way there leads nowhere.
        """
        self._home = home
        self._browser = Browser(persona, level=level)
        end = self._browser.visit(f"{home}/sign-on/{provider}?target={ME}")
        self.me: Json = _body(end) if end is not None else {}
        if "session" not in self.me:
            raise NotLetIn(str(self.me.get("code", self._browser.at.partition("?")[0])))

    def get(self, path: str) -> Answer:
        """Read one page."""
        return self._answered("GET", path, b"", dict(ACCEPTED))

    def post(self, path: str, body: Json) -> Answer:
        """Change something, as a page of the gateway's own does."""
        headers = {
            **ACCEPTED,
            "Content-Type": "application/json",
            "Origin": self._home,
            csrf.HEADER: str(self.me["session"]["csrf_token"]),
        }
        return self._answered("POST", path, json.dumps(body).encode(), headers)

    def _answered(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        reply = self._browser.send(method, self._home + path, body, headers)
        return Answer(reply.status, dict(reply.headers), _body(reply), 0.0)


def _body(reply: Reply) -> Json:
    """Return the JSON object of *reply*; nothing when it holds none."""
    try:
        found: Any = json.loads(reply.content)
    except ValueError:
        return {}
    return cast("Json", found) if isinstance(found, dict) else {}
