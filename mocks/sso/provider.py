"""The provider as the server knows it: which path leads to which endpoint of which realm."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from mocks.clock import MovableClock
from mocks.config import Sso
from mocks.sso import about, citizens, counter, entrance, leaving, pages, staff
from mocks.sso.asking import parameters
from mocks.sso.leaving import Notice
from mocks.sso.realm import Realm
from mocks.sso.refusals import Refused
from mocks.sso.sending import Sender
from mocks.wire import Reply, Request, json

Answer: TypeAlias = Callable[[Realm, Request], Reply | tuple[Reply, list[Notice]]]
_EITHER = ("GET", "POST")
ENDPOINTS: Mapping[str, tuple[tuple[str, ...], Answer]] = {
    ".well-known/openid-configuration": (("GET",), about.discovery),
    "jwks": (("GET",), about.key_set),
    "par": (("POST",), entrance.push),
    "authorize": (_EITHER, entrance.authorize),
    "choose": (("POST",), entrance.choose),
    "token": (("POST",), counter.token),
    "userinfo": (_EITHER, counter.userinfo),
    "logout": (_EITHER, leaving.end_session),
}
_PROVEN = frozenset({"par", "token"})  # where clients prove who they are
_PAGES = frozenset({"authorize", "choose", "logout"})


class Provider:
    """Two realms behind one port."""

    name = "sso"
    drift = ((b'"issuer"', b'"Issuer"'), (b'"id_token"', b'"idToken"'), (b'"keys"', b'"Keys"'))
    plain: frozenset[str] = frozenset()

    def __init__(self, settings: Sso) -> None:
        self.clock = MovableClock()
        self.sender = Sender()
        now = self.clock.now
        self.realms = {
            staff.REALM: Realm(staff.REALM, staff.staff(), settings.staff, now),
            citizens.REALM: Realm(citizens.REALM, citizens.citizens(), settings.citizens, now),
        }

    def settle(self, base: str) -> None:
        """Take the address that the server got; issuers begin with it."""
        for realm in self.realms.values():
            realm.base = base

    def answer(self, request: Request, *, stranger: bool = False) -> Reply:
        """Answer *request*; refusals to browsers are pages, to programs JSON."""
        del stranger  # a register's fault; whom a provider names wrongly is said by its lies
        realm, endpoint = self._place(request)
        if realm is None:
            return Reply(404, json({"error": "not_found"}))
        try:
            return self._at(realm, request, endpoint)
        except Refused as refused:
            if endpoint in _PAGES:
                return pages.wrong(refused.error, refused.description)
            told = {"error": refused.error, "error_description": refused.description}
            return Reply(refused.status, json(told), headers=pages.GUARDED)

    def unread(self, request: Request) -> Awaitable[None] | None:
        """Return what has to be awaited before *request* is answered: the keys of its client."""
        realm, endpoint = self._place(request)
        if realm is None or endpoint not in _PROVEN:
            return None
        with suppress(Refused):
            wanted = realm.clients.to_fetch(parameters(request.body.decode("latin-1")))
            return None if wanted is None else self._read(realm, *wanted)
        return None

    async def _read(self, realm: Realm, client_id: str, url: str) -> None:
        realm.clients.take_keys(client_id, await self.sender.read(url))

    def _place(self, request: Request) -> tuple[Realm | None, str]:
        name, _, endpoint = request.path.removeprefix("/realms/").partition("/")
        return self.realms.get(name), endpoint

    def failure(self, status: int) -> Reply:
        """Return the provider's own 500 or 503."""
        error = "server_error" if status == 500 else "temporarily_unavailable"  # noqa: PLR2004
        return Reply(status, json({"error": error}), headers=(("Retry-After", "1"),))

    def close(self) -> None:
        """Send nothing more."""
        self.sender.stop()

    def _at(self, realm: Realm, request: Request, endpoint: str) -> Reply:
        methods, answer = ENDPOINTS.get(endpoint, ((), None))
        if answer is None or request.method not in methods:
            return Reply(404, json({"error": "not_found"}))
        told = answer(realm, request)
        if isinstance(told, Reply):
            return told
        reply, notices = told
        self.sender.send(notices)
        return reply
