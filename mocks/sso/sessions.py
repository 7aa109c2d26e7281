"""Who is signed on at a realm, and the short-lived things that lead there."""

import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

from mocks.sso.accounts import Account

T = TypeVar("T")


class Session(Struct, frozen=True, kw_only=True):
    """One person signed on in one browser; *sid* is public, the cookie is not."""

    sid: str
    cookie: str
    account: Account
    level: int
    auth_time: int
    clients: tuple[str, ...] = ()


class Once(Generic[T]):
    """Things kept under a secret name for a while; taking one out uses it up."""

    def __init__(self, now: Callable[[], float], life_s: float) -> None:
        self._now = now
        self._life_s = life_s
        self._kept: dict[str, tuple[float, T]] = {}

    def put(self, thing: T, prefix: str = "") -> str:
        """Keep *thing*; return its name."""
        now = self._now()
        self._kept = {name: each for name, each in self._kept.items() if each[0] > now}
        name = prefix + secrets.token_urlsafe(24)
        self._kept[name] = (now + self._life_s, thing)
        return name

    def take(self, name: str) -> T | None:
        """Return what is kept as *name* and forget it; None when there is none, or no longer."""
        ends, thing = self._kept.pop(name, (0.0, None))
        return thing if ends > self._now() else None


class Sessions:
    """The sessions of one realm."""

    def __init__(self) -> None:
        self._by_cookie: dict[str, Session] = {}

    def open(self, account: Account, level: int, now: float) -> Session:
        """Sign *account* on."""
        session = Session(
            sid=secrets.token_urlsafe(16),
            cookie=secrets.token_urlsafe(24),
            account=account,
            level=level,
            auth_time=int(now),
        )
        self.keep(session)
        return session

    def keep(self, session: Session) -> None:
        """Remember *session* as it is now."""
        self._by_cookie[session.cookie] = session

    def of_cookie(self, cookie: str) -> Session | None:
        """Return the session of a browser."""
        return self._by_cookie.get(cookie)

    def named(self, sid: str) -> list[Session]:
        """Return the session of that id, or nothing."""
        return [each for each in self._by_cookie.values() if each.sid == sid]

    def everybody(self) -> list[Session]:
        """Return every session that is open."""
        return list(self._by_cookie.values())

    def end(self, session: Session) -> None:
        """Forget *session*."""
        self._by_cookie.pop(session.cookie, None)
