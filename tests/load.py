"""Callers of a gateway under load: each keeps a connection, and remembers every byte it saw."""

import itertools
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Any, Self
from urllib.parse import urlsplit

from gateway.calling.system import System, TokenRefused
from gateway.demo.province import Province
from tests.history import Seen
from tests.province import system_of

PATIENCE_S = 6.0
BREATH_S = 0.02  # after a broken connection


@dataclass(frozen=True, slots=True)
class Ask:
    """One question that is put again and again."""

    client_id: str
    service: str
    question: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Call:
    """One call as its caller lived it; *body* is what arrived, also when it broke off."""

    ask: Ask
    began: float  # monotonic seconds
    ended: float
    status: int
    exchange_id: str
    body: bytes

    @property
    def seen(self) -> Seen:
        """Return it in the shape that the history checker judges."""
        return Seen(self.exchange_id, self.status, self.body)

    @property
    def code(self) -> str:
        """Return the problem's code, "ok" for data, "broken" for what cannot be read."""
        try:
            return str(json.loads(self.body).get("code", "ok")) if self.status != 200 else "ok"
        except ValueError:
            return "broken"


class Load:
    """A number of callers that go on until the block ends; what they saw is in `calls`."""

    def __init__(
        self, province: Province, asks: Sequence[Ask], *, callers: int = 8, pause_s: float = 0.0
    ) -> None:
        self.calls: list[Call] = []
        self.broken = 0
        self._gateway = province.gateway
        self._systems = {ask.client_id: system_of(province, ask.client_id) for ask in asks}
        self._token_lock = threading.Lock()
        self._pause_s = pause_s
        self._done = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(asks, number), daemon=True)
            for number in range(callers)
        ]

    def __enter__(self) -> Self:
        for ask_of in self._systems.values():
            ask_of.token()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(PATIENCE_S * 2)

    def fine(self) -> int:
        """Return how many calls were answered with data so far."""
        return sum(call.status == 200 for call in self.calls)

    def renew(self, client_id: str) -> None:
        """Let a system ask with a new token from now on."""
        with self._token_lock:
            self._systems[client_id].forget()

    def token(self, client_id: str) -> str:
        """Return the token that the callers of a system share."""
        with self._token_lock:
            return self._systems[client_id].token()

    def _run(self, asks: Sequence[Ask], number: int) -> None:
        turns = itertools.islice(itertools.cycle(asks), number, None)
        connection: HTTPConnection | None = None
        while not self._done.is_set():
            try:
                connection = connection or self._connected()
                self._call(connection, next(turns))
            except (OSError, HTTPException, TokenRefused, ValueError):
                self.broken += 1
                if connection is not None:
                    connection.close()
                connection = None
                self._done.wait(BREATH_S)
            if self._pause_s:
                self._done.wait(self._pause_s)
        if connection is not None:
            connection.close()

    def _connected(self) -> HTTPConnection:
        parts = urlsplit(self._gateway)
        return HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_S)

    def _call(self, connection: HTTPConnection, ask: Ask) -> None:
        path = f"/v1/data/{ask.service}"
        headers = {
            **self._proven(self._systems[ask.client_id], path),
            "Content-Type": "application/json",
            **ask.headers,
        }
        content = json.dumps(ask.question).encode()
        began = time.monotonic()
        connection.request("POST", path, content, headers)
        reply = connection.getresponse()
        try:
            body = reply.read()
        except IncompleteRead as broken:
            self._note(ask, began, reply, broken.partial)
            raise
        self._note(ask, began, reply, body)

    def _proven(self, system: System, path: str) -> dict[str, str]:
        with self._token_lock:
            return system.headers("POST", path)

    def _note(self, ask: Ask, began: float, reply: HTTPResponse, body: bytes) -> None:
        exchange = reply.getheader("Lgsp-Exchange-Id") or ""
        self.calls.append(Call(ask, began, time.monotonic(), reply.status, exchange, body))
