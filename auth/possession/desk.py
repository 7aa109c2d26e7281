"""Judges one proof whole: what it says, whose nonce it carries, whether it came before."""

from typing import Protocol

from msgspec import Struct

from auth.errors import MemoryYoung, NonceDemanded, ProofReplayed
from auth.possession.nonces import PERIOD_S, Nonces
from auth.possession.proofs import Proved, prove


class Counts(Protocol):
    """What is asked of `auth.possession.once`."""

    async def claim(
        self, owner: str, jti: str, expires_at: float, born: float | None = None
    ) -> bool:
        """Say whether it is the first use; raise MemoryUnavailable."""
        ...


class Hours(Struct, frozen=True):
    """The clock rules of proofs (FAPI 2.0 section 5.3.2.1)."""

    ahead_s: float = 10
    life_s: float = 60


class ProofDesk:
    """Where proofs are judged.

    Args:
        once: the memory of what was used.
        nonces: the server's.
        hours: how far from our clock a proof's may be.
    """

    def __init__(self, once: Counts, nonces: Nonces, hours: Hours | None = None) -> None:
        self._once = once
        self._nonces = nonces
        self._hours = hours or Hours()

    def read(
        self,
        proof: str,
        *,
        method: str,
        url: str,
        now: float,
        token: str | None,
        bound_to: str | None = None,
    ) -> Proved:
        """Return what *proof* proves, see `auth.possession.proofs.prove`; it is not used up yet.

        Raises:
            ProofRefused: a check failed.
        """
        return prove(
            proof,
            method=method,
            url=url,
            now=now,
            token=token,
            bound_to=bound_to,
            ahead_s=self._hours.ahead_s,
            life_s=self._hours.life_s,
        )

    async def use(self, proved: Proved, now: float, *, demand_nonce: bool = False) -> str | None:
        """Use a proof up; return a newer nonce when its own will soon be too old.

        Args:
            proved: what `read` returned.
            now: Unix seconds.
            demand_nonce: whether it must carry a nonce; one that it carries must be good anyway.

        Raises:
            NonceDemanded: it carries none, or one that is not good any more, or only a nonce can
                show that it was not used before our memory began.
            ProofReplayed: it was used before.
            MemoryUnavailable: nobody can say.
        """
        made_at = self._nonce_made_at(proved, now, demand_nonce=demand_nonce)
        born = proved.iat - self._hours.ahead_s if made_at is None else made_at
        expires_at = proved.iat + self._hours.life_s
        try:
            is_first = await self._once.claim(proved.thumbprint, proved.jti, expires_at, born)
        except MemoryYoung:
            if made_at is not None:
                raise
            raise NonceDemanded(self._nonces.current(now)) from None
        if not is_first:
            raise ProofReplayed
        return self.newer(made_at, now)

    def newer(self, made_at: float | None, now: float) -> str | None:
        """Return a fresh nonce for whoever uses one of more than half its life; else None."""
        if made_at is None or now - made_at < PERIOD_S / 2:
            return None
        return self._nonces.current(now)

    def _nonce_made_at(self, proved: Proved, now: float, *, demand_nonce: bool) -> float | None:
        if proved.nonce is None:
            if demand_nonce:
                raise NonceDemanded(self._nonces.current(now))
            return None
        made_at = self._nonces.good_since(proved.nonce, now)
        if made_at is None:
            raise NonceDemanded(self._nonces.current(now))
        return made_at
