"""The test doors of the provider: lies, keys, clock, programs, sessions."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from mocks.config import Client
from mocks.doors import PREFIX, Doors
from mocks.faults import Fault
from mocks.sso.leaving import ended
from mocks.sso.lies import Lie
from mocks.sso.provider import Provider
from mocks.sso.realm import Realm
from mocks.wire import Reply, Request, json


class ProviderDoors(Doors):
    """What tests may do to the provider, beside signing on; a query narrows it to one realm."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider.name, sum(len(r.accounts) for r in provider.realms.values()), 0)
        self._provider = provider
        self._own = {
            ("GET", "faults"): self._faults,
            ("POST", "keys/rotate"): self._rotate,
            ("POST", "clock"): self._clock,
            ("GET", "personas"): self._personas,
            ("GET", "logouts"): self._logouts,
            ("GET", "sessions"): self._sessions,
            ("DELETE", "sessions"): self._end,
        }

    def answer(self, request: Request) -> Reply:
        """Answer at one of the doors."""
        given = dict(parse_qsl(request.query))
        door, _, name = request.path.removeprefix(PREFIX).partition("/")
        if door == "faults" and request.method == "POST" and name in list(Lie):
            return self._lie(Lie(name), given)
        if door == "clients" and request.method == "PUT":
            return self._register(name, request.body, given)
        own = self._own.get((request.method, f"{door}/{name}".rstrip("/")))
        return super().answer(request) if own is None else own(given)

    def _faults(self, given: Mapping[str, str]) -> Reply:
        del given
        return Reply(200, json({"faults": [*Fault, *Lie]}))

    def _logouts(self, given: Mapping[str, str]) -> Reply:
        del given
        return Reply(200, json({"logouts": list(self._provider.sender.sent)}))

    def _realms(self, given: Mapping[str, str]) -> list[Realm]:
        wanted = given.get("realm")
        return [each for each in self._provider.realms.values() if wanted in {None, each.name}]

    def _lie(self, lie: Lie, given: Mapping[str, str]) -> Reply:
        times = given.get("times", "1")
        if not times.removeprefix("-").isdecimal() or int(times) < -1:
            return Reply(400, json({"error": "times is -1, 0 or a count"}))
        for realm in self._realms(given):
            realm.lies.order(lie, int(times))
        return Reply(200, json({"fault": lie, "times": int(times)}))

    def _rotate(self, given: Mapping[str, str]) -> Reply:
        overlap = given.get("overlap", "yes") == "yes"
        keys = {each.name: each.keys.rotate(overlap=overlap) for each in self._realms(given)}
        return Reply(200, json({"kid": keys, "overlap": overlap}))

    def _clock(self, given: Mapping[str, str]) -> Reply:
        try:
            self._provider.clock.ahead_s = float(given.get("ahead", ""))
        except ValueError:
            return Reply(400, json({"error": "ahead is a number of seconds"}))
        return Reply(200, json({"ahead": self._provider.clock.ahead_s}))

    def _register(self, client_id: str, body: bytes, given: Mapping[str, str]) -> Reply:
        try:
            client = msgspec.json.decode(body, type=Client)
        except msgspec.DecodeError as wrong:
            return Reply(400, json({"error": str(wrong)}))
        for realm in self._realms(given):
            realm.clients.register(client_id, client)
        return Reply(200, json({"client_id": client_id}))

    def _personas(self, given: Mapping[str, str]) -> Reply:
        people = {
            realm.name: [
                {"id": each.id, "name": each.name, "shows": each.shows, "vi": each.shows_vi}
                for each in realm.accounts.values()
            ]
            for realm in self._realms(given)
        }
        return Reply(200, json(people))

    def _sessions(self, given: Mapping[str, str]) -> Reply:
        open_now = {
            realm.name: [
                {"sid": each.sid, "persona": each.account.id, "clients": each.clients}
                for each in realm.sessions.everybody()
            ]
            for realm in self._realms(given)
        }
        return Reply(200, json(open_now))

    def _end(self, given: Mapping[str, str]) -> Reply:
        """End sessions as the provider's administration would: all, or those of one persona."""
        wanted = given.get("persona")
        count = 0
        for realm in self._realms(given):
            sessions = [s for s in realm.sessions.everybody() if wanted in {None, s.account.id}]
            self._provider.sender.send(ended(realm, sessions))
            count += len(sessions)
        return Reply(200, json({"ended": count}))
