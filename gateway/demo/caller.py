"""An agency's system: gets its token with its own key, then asks; plain HTTP, nothing of ours."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from auth.client import ClientKey, client_assertion, token_form

Json: TypeAlias = dict[str, Any]
PATIENCE_S = 15.0
RENEW_BEFORE_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Json
    ms: float

    @property
    def code(self) -> str:
        """Return the problem's code, "ok" for an answer."""
        return str(self.body.get("code", "ok")) if self.status >= 400 else "ok"  # noqa: PLR2004


class TokenRefused(Exception):
    """The gateway gave no token."""


class System:
    """One registered system."""

    def __init__(self, gateway: str, client_id: str, key: ClientKey) -> None:
        self.client_id = client_id
        self._gateway = gateway
        self._key = key
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """Return a live access token; raise TokenRefused when there is none to be had."""
        if time.time() > self._until - RENEW_BEFORE_S:
            self._renew()
        return self._token

    def _renew(self) -> None:
        assertion = client_assertion(
            self._key.private, client_id=self.client_id, audience=self._gateway, now=time.time()
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = send(self._gateway, "POST", "/oauth/token", token_form(assertion), form)
        if "access_token" not in answer.body:
            raise TokenRefused(answer.code)
        self._token = str(answer.body["access_token"])
        self._until = time.time() + float(answer.body["expires_in"])

    def ask(self, service: str, question: Json, **headers: str) -> Answer:
        """Ask one data service."""
        return self.post(f"/v1/data/{service}", question, **headers)

    def prefill(self, procedure: str, form: Json) -> Answer:
        """Have the form of a procedure filled."""
        return self.post(f"/v1/prefill/{procedure}", form)

    def post(self, path: str, body: Json, **headers: str) -> Answer:
        """Send *body* with this system's token."""
        named = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        content = json.dumps(body, ensure_ascii=False).encode()
        return send(self._gateway, "POST", path, content, named | headers)


def send(
    base: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """Send one request on a connection of its own and read the whole answer."""
    parts = urlsplit(base)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)
    began = time.perf_counter()
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        content = reply.read()
    finally:
        connection.close()
    named = {name.lower(): value for name, value in reply.getheaders()}
    spent = (time.perf_counter() - began) * 1000
    return Answer(reply.status, named, json.loads(content) if content else {}, spent)
