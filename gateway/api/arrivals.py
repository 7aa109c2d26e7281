"""From where people sign on: how often from one place, and how often in vain."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from litestar import Request
from litestar.datastructures import State

from auth.credentials.proxies import FORWARDED, Proxies
from auth.signon.arrivals import networks_of
from gateway.api.wire import peer_of
from gateway.errors import Refusal
from gateway.search.rates import Rate

SITE_TIMES = 4  # how much more a whole IPv6 site may do than one network of it

_log = structlog.get_logger(__name__)


class Arrivals:
    """Knows from where browsers come, and counts the sign-ons that they begin.

    Whoever comes through a proxy of ours that does not say for whom is not counted: many people
    would share one bound.

    Args:
        proxies: whose word about addresses counts.
        per_minute: sign-ons of one network in one process; a province divides by its workers.
        stranger: counts a refusal of somebody unproven, by code and network address.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        proxies: Proxies,
        per_minute: float,
        *,
        stranger: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._proxies = proxies
        self._rates = Rate(per_minute, clock), Rate(SITE_TIMES * per_minute, clock)
        self._stranger = stranger
        self._told = False

    def admit(self, request: Request[Any, Any, State]) -> None:
        """Take one sign-on from the place that *request* comes from.

        Raises:
            Refusal: RATE_LIMITED with the seconds until the next one; it is on record.
        """
        address = self._origin(request)
        if address is None:
            self._tell()
            return
        try:
            for rate, network in zip(self._rates, networks_of(address), strict=False):
                rate.spend(network)
        except Refusal as refused:
            self._stranger(refused.code.value, address)
            raise

    def refused(self, request: Request[Any, Any, State], code: str) -> None:
        """Count that somebody unproven was refused with *code*, and from where."""
        self._stranger(code, self._origin(request) or peer_of(request.client))

    def _origin(self, request: Request[Any, Any, State]) -> str | None:
        forwarded = ",".join(request.headers.getall(FORWARDED, []))
        return self._proxies.origin(peer_of(request.client), forwarded)

    def _tell(self) -> None:
        """Say once that the bound does not work: an operator has to name or correct a proxy."""
        if not self._told:
            self._told = True
            _log.warning("sign_on.address_unknown")
