"""What a provider publishes, kept: its metadata and its keys."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct

from auth.errors import SignatureRefused
from auth.jose import VerificationKey, verified
from auth.outbound import Outbound, Unreachable
from auth.signon.keysets import named, read_keys
from auth.signon.members import NotUnderstood
from auth.signon.metadata import WELL_KNOWN, Metadata, judge
from auth.signon.refusals import Ending, SignOnRefused

Kept = TypeVar("Kept")

_OK = 200


class Ages(Struct, frozen=True, kw_only=True):
    """How long things are kept, in seconds."""

    metadata_s: float = 3600
    keys_s: float = 900
    stale_s: float = 86_400  # how long old ones serve while the provider is away
    retry_s: float = 5  # how soon a provider that was away is asked again
    burst: int = 3  # how often keys are fetched for unknown ids ...
    per_s: float = 30  # ... in this time


class Shelf(Generic[Kept]):
    """One thing that is fetched, kept, fetched again, and outlives an outage.

    However many ask at once, one fetch is under way; the others take what it brings, or fail as it
    failed.
    """

    def __init__(
        self, fetch: Callable[[float], Awaitable[Kept]], ages: Ages, *, life_s: float
    ) -> None:
        self._fetch = fetch
        self._ages = ages
        self._life_s = life_s
        self._lock = asyncio.Lock()
        self._kept: Kept | None = None
        self._at = float("-inf")  # Unix seconds of the last fetch that brought something
        self._failed_at = float("-inf")
        self._failure: SignOnRefused | None = None
        self._looked: deque[float] = deque(maxlen=ages.burst)

    async def current(self, now: float) -> Kept:
        """Return what is kept, fetched again when its time is over.

        Raises:
            SignOnRefused: PROVIDER_UNAVAILABLE and nothing kept is young enough, or
                PROVIDER_UNTRUSTED.
        """
        if self._kept is not None and now < self._at + self._life_s:
            return self._kept
        if self._kept is not None and self._lock.locked() and self._serves(now):
            return self._kept  # somebody is fetching: one waits, and not everybody
        async with self._lock:
            if self._kept is not None and now < self._at + self._life_s:
                return self._kept
            return await self._renewed(now)

    async def newer(self, than: Kept, now: float) -> Kept:
        """Return something newer than *than*, or *than* itself when it was fetched too often.

        Raises:
            SignOnRefused: as for `current`; what is kept is no comfort to who needs a newer one.
        """
        async with self._lock:
            if self._kept is not None and self._kept is not than:
                return self._kept
            if (
                len(self._looked) == self._looked.maxlen
                and now < self._looked[0] + self._ages.per_s
            ):
                return than
            self._looked.append(now)
            return await self._fetched(now)

    async def _renewed(self, now: float) -> Kept:
        """Fetch, or fall back on what is kept while the provider is away."""
        try:
            return await self._fetched(now)
        except SignOnRefused as failed:
            away = failed.ending is Ending.PROVIDER_UNAVAILABLE
            if away and self._kept is not None and self._serves(now):
                return self._kept
            raise

    def _serves(self, now: float) -> bool:
        """Tell whether what is kept may serve while there is nothing newer."""
        return now < self._at + self._ages.stale_s

    async def _fetched(self, now: float) -> Kept:
        """Fetch, unless that failed a moment ago: whoever waited fails as the first one did."""
        if self._failure is not None and now < self._failed_at + self._ages.retry_s:
            raise SignOnRefused(self._failure.ending, self._failure.fact)
        try:
            kept = await self._fetch(now)
        except SignOnRefused as failed:
            self._failed_at, self._failure = now, failed
            raise
        self._kept, self._at, self._failure = kept, now, None
        return kept


class Published:
    """Metadata and keys of one issuer, for every use in this process.

    Args:
        issuer: compared exactly with what its metadata says.
        outbound: the way to it.
        hosts: other hosts that its addresses may be on.
        ages: how long things are kept.
    """

    def __init__(
        self,
        issuer: str,
        outbound: Outbound,
        *,
        hosts: frozenset[str] = frozenset(),
        ages: Ages | None = None,
    ) -> None:
        kept = ages or Ages()
        self.issuer = issuer
        self._outbound = outbound
        self._hosts = hosts
        self._metadata = Shelf(self._fetch_metadata, kept, life_s=kept.metadata_s)
        self._keys = Shelf(self._fetch_keys, kept, life_s=kept.keys_s)

    async def metadata(self, now: float) -> Metadata:
        """Return its metadata.

        Raises:
            SignOnRefused: PROVIDER_UNAVAILABLE or PROVIDER_UNTRUSTED.
        """
        return await self._metadata.current(now)

    async def key_ids(self, now: float) -> tuple[str, ...]:
        """Return the ids of its keys that we could use.

        Raises:
            SignOnRefused: PROVIDER_UNAVAILABLE or PROVIDER_UNTRUSTED.
        """
        return tuple(key.kid for key in await self._keys.current(now))

    async def verified(self, text: str, types: frozenset[str], now: float) -> bytes:
        """Return the payload of *text* once a key of this issuer has proven its signature.

        A key id that is not known may be a new one: the keys are fetched once more, and no more
        than a few times in a while, whoever keeps sending unknown ids.

        Args:
            text: a JWS compact serialization.
            types: accepted values of `typ`, see `auth.jose.verified`.
            now: Unix seconds.

        Raises:
            SignatureRefused: wrong form, algorithm, type or key.
            SignOnRefused: the keys cannot be had.
        """
        held = await self._keys.current(now)
        sought: list[str | None] = []

        def noted(kid: str | None) -> tuple[VerificationKey, ...]:
            sought.append(kid)
            return named(held, kid)

        try:
            return verified(text, types=types, keys=noted)
        except SignatureRefused:
            if not sought or named(held, sought[0]):
                raise
        newer = await self._keys.newer(held, now)
        return verified(text, types=types, keys=lambda kid: named(newer, kid))

    async def _fetch_metadata(self, now: float) -> Metadata:
        del now
        return judge(
            await self._fetched(self.issuer.rstrip("/") + WELL_KNOWN), self.issuer, self._hosts
        )

    async def _fetch_keys(self, now: float) -> tuple[VerificationKey, ...]:
        metadata = await self._metadata.current(now)
        document = await self._fetched(metadata.jwks_uri)
        try:
            return read_keys(document)
        except NotUnderstood:
            raise SignOnRefused(Ending.PROVIDER_UNTRUSTED, "its keys are not a JWK set") from None

    async def _fetched(self, url: str) -> bytes:
        try:
            found = await self._outbound.get(url, headers={"Accept": "application/json"})
        except Unreachable as away:
            raise SignOnRefused(Ending.PROVIDER_UNAVAILABLE, away.fact) from None
        if found.status != _OK:
            raise SignOnRefused(Ending.PROVIDER_UNAVAILABLE, "what it publishes is not there")
        return found.body
