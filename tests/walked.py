"""The whole application as a server sees it, with two doors, and everybody who may come to them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from auth.people import Role
from auth.permissions import Listener, Permission, may_any
from auth.stand_in import verifier
from gateway import app
from gateway.clock import utc_now
from gateway.settings import Settings, load
from gateway.wiring.every import PARTS
from gateway.worker import Worker
from tests.people import ANH_NUMBER, token_for

ADMIN_PORT, SERVICE_PORT = 8200, 8100
DOORS = {Listener.ADMIN: ADMIN_PORT, Listener.SERVICE: SERVICE_PORT}
# What stands in the place of a path's members; each is of a form that the router takes.
MEMBERS = {"uuid": str(uuid4()), "int": "1", "str": "x", "path": "x", "date": "2026-11-21"}
ISSUED = sorted(set(Role) - {Role.BREAK_GLASS})  # the last resort has no token


class Way(Struct, frozen=True):
    """One method of one path, and what it demands."""

    method: str
    path: str
    permission: Permission


class Walk(Struct, frozen=True):
    """The application, not opened: what it decides before anything is asked of the database."""

    front: app.Front
    settings: Settings
    ways: tuple[Way, ...]

    async def call(
        self, way: Way, door: Listener, role: Role | None = None, method: str | None = None
    ) -> httpx.Response:
        """Call *way* at *door*, as nobody or as somebody with *role*."""
        headers = {} if role is None else {"Authorization": f"Bearer {self._token(role)}"}
        async with self.client(door) as client:
            return await client.request(method or way.method, way.path, headers=headers)

    @asynccontextmanager
    async def client(self, door: Listener) -> AsyncGenerator[httpx.AsyncClient]:
        """Give a client whose calls come in at *door*."""
        front: Any = self.front
        transport = httpx.ASGITransport(front, raise_app_exceptions=False)
        url = f"http://127.0.0.1:{DOORS[door]}"
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            yield client

    def _token(self, role: Role) -> str:
        number = ANH_NUMBER if role is Role.CITIZEN else None
        return token_for(self.settings, role=role, so_dinh_danh=number)


def a_walk(folder: Path) -> Walk:
    """Build the application as one worker builds it; nothing is opened."""
    overrides = {
        "database": {"url": "postgresql://127.0.0.1:1/none"},
        "audit": {"keys_dir": str(folder / "pseudonyms")},
        "identity": {"keys_dir": str(folder / "signing")},
        "admin": {"port": ADMIN_PORT},
    }
    settings = load(overrides, environ={})
    worker = Worker(settings)
    built = app.build(worker)
    # Whatever else routes ask for comes after whoever calls has passed.
    worker.provided |= {name: object() for part in PARTS for name in part.PROVIDES}
    worker.provided |= {
        "people": verifier(settings.identity, utc_now, demo=True),
        "cookie_door": None,
    }
    ways = tuple(
        Way(method, _filled(path), handler.opt["permission"])
        for path, handler in app.routes_of(built)
        if isinstance(handler, HTTPRouteHandler)
        for method in sorted(handler.http_methods)
    )
    return Walk(app.Front(built, worker), settings, ways)


def denied(way: Way) -> list[Role]:
    """Return the roles that the table does not give *way*."""
    return [role for role in ISSUED if not may_any(frozenset({role}), way.permission)]


def crossings(walk: Walk) -> list[tuple[Way, Listener]]:
    """Return every way with every door."""
    return list(product(walk.ways, Listener))


def _filled(path: str) -> str:
    """Return *path* with a member of the right form in each place."""
    parts = (part.strip("{}").partition(":") for part in path.split("/"))
    return "/".join(MEMBERS[kind] if kind else name for name, _, kind in parts)
