"""Reads the key sets that agencies publish: on demand for a new key, and by the keeper in time."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from auth.credentials.keysets import (
    AGAIN,
    KeySet,
    KeySetRefused,
    Offered,
    read,
    renewed,
    unrenewed,
)
from auth.outbound import Fetched, Unreachable
from auth.systems import System, SystemState

ACCEPT = {"Accept": "application/jwk-set+json, application/json"}
_FOUND = 200

Get = Callable[[str], Awaitable[Fetched]]


class KeySetRows(Protocol):
    """What is asked of the rows; see `auth.credentials.repository`."""

    async def known(self, client_id: str) -> KeySet | None:
        """Return what was read for one system."""
        ...

    async def claim(
        self, client_id: str, url: str, now: datetime, tried_before: datetime
    ) -> KeySet | None:
        """Take the next try for oneself."""
        ...

    async def store(self, client_id: str, found: KeySet) -> None:
        """Keep what a try brought."""
        ...


class KeySets:
    """Completes registrations whose keys stand at an address.

    Args:
        rows: what all workers know.
        get: asks an address, judged and bounded; raises Unreachable.
        clock: the present instant.
    """

    def __init__(self, rows: KeySetRows, get: Get, clock: Callable[[], datetime]) -> None:
        self._rows = rows
        self._get = get
        self._clock = clock

    async def complete(self, system: System, kid: str | None = None) -> System:
        """Return *system* with the keys that stand at its address, if it has one.

        The address is asked when nothing was read there yet, or when *kid* is not among what was:
        at most once in 30 seconds, over all workers.  Whatever goes wrong there, what was read last
        counts, for 72 hours.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        url = system.registration.jwks_uri
        if url is None:
            return system
        known = await self._rows.known(system.client_id)
        if known is None or known.url != url or not known.jwks or not known.knows(kid):
            known = await self.renew(system) or known
        good = known.good(self._clock()) if known is not None and known.url == url else ()
        return replace(system, registration=replace(system.registration, jwks=good))

    async def renew(self, system: System) -> KeySet | None:
        """Ask the address of *system*; None when somebody did just now, or there is none.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        url, now = system.registration.jwks_uri, self._clock()
        if url is None or system.state is not SystemState.ACTIVE:
            return None
        claimed = await self._rows.claim(system.client_id, url, now, now - AGAIN)
        if claimed is None:
            return None
        found = await self._asked(claimed)
        await self._rows.store(system.client_id, found)
        return found

    async def _asked(self, known: KeySet) -> KeySet:
        try:
            offered = _offered(await self._get(known.url))
        except Unreachable as away:
            return unrenewed(known, away.fact)
        except KeySetRefused as refused:
            return unrenewed(known, refused.fact, refused.lost)
        return renewed(known, offered, self._clock())


def due(systems: Iterable[System], known: dict[str, KeySet], now: datetime) -> tuple[System, ...]:
    """Return the systems whose address is to be asked at *now*: none tried in the last while."""
    return tuple(
        each
        for each in systems
        if each.registration.jwks_uri is not None
        and each.state is SystemState.ACTIVE
        and _is_due(each.registration.jwks_uri, known.get(each.client_id), now)
    )


def _is_due(url: str, known: KeySet | None, now: datetime) -> bool:
    if known is None or known.url != url:
        return True
    return known.stale(now) and now - known.tried_at >= AGAIN


def _offered(answer: Fetched) -> Offered:
    if answer.status != _FOUND:
        raise KeySetRefused(f"the address answered {answer.status}")
    return read(answer.body)
