"""Writes down how people come and go: signed on, turned away, stronger, signed out."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from auth.accounts.accounts import Account
from auth.accounts.errors import SignInBarred
from auth.accounts.sessions import Session
from auth.signon.signed_on import SignedOn
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Changed, Event, Method
from gateway.audit.leaf import Change
from gateway.errors import Code

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]


class Comings:
    """Leaves of sign-on; each method returns once its leaf is durable, and raises AuditUnavailable.

    A person stands in them as the pseudonym of an account, or of what a provider calls them.
    """

    def __init__(self, acts: Acts, append: Append) -> None:
        self._acts = acts
        self._append = append

    async def came(
        self, account: Account, signed_on: SignedOn, session_id: str, route: str
    ) -> None:
        """Record that a person signs on, before the session opens."""
        who = By(id=account.id, agency=account.agency, acr=strength_of(signed_on))
        await self._write(Event.SESSION_OPEN, who, session_id, route, Method.GET)

    async def strengthened(self, session: Session, signed_on: SignedOn, route: str) -> None:
        """Record that the person of an open session proves themselves again."""
        person = session.person
        who = By(id=person.id, agency=person.agency, acr=strength_of(signed_on))
        await self._write(Event.SESSION_STRENGTHEN, who, session.id, route, Method.GET)

    async def turned_away(self, barred: SignInBarred, signed_on: SignedOn, route: str) -> None:
        """Record that somebody whom a provider has proven was not let in, and why."""
        named = barred.account_id or f"{signed_on.issuer} {signed_on.link}"
        who = By(id=named, acr=strength_of(signed_on))
        leaf = self._acts.leaf(Event.SESSION_REFUSE, who, route=route, reasons=(Code(barred.code),))
        await self._append(Entry(body=leaf))

    async def left(self, session: Session, ended: tuple[str, ...], route: str) -> None:
        """Record that a person ends sessions of their own: this one, or others."""
        person = session.person
        who = By(id=person.id, agency=person.agency, acr=person.acr)
        for session_id in ended:
            await self._write(Event.SESSION_CLOSE, who, session_id, route, Method.POST)

    async def sent_away(self, ended: tuple[str, ...], route: str) -> None:
        """Record that a provider says that sessions are over."""
        for session_id in ended:
            await self._write(Event.SESSION_CLOSE, None, session_id, route, Method.POST)

    async def _write(
        self, event: Event, who: By | None, session_id: str, route: str, method: Method
    ) -> None:
        change = Change(kind=Changed.SESSION, id=session_id)
        leaf = self._acts.leaf(event, who, route=route, method=method, change=change)
        await self._append(Entry(body=leaf))


def strength_of(signed_on: SignedOn) -> str:
    """Return the level of a sign-on as leaves name it; a provider's own words stay outside."""
    return f"level-{signed_on.level}"
