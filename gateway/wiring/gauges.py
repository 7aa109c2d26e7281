"""Gauges of sources: read at a scrape, in a thread of its own, so by plain looks alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from cryptography import x509

from adapters.breaker import BreakerState
from adapters.guard import Watched
from adapters.protocol import SourceAdapter
from adapters.settings import SourceSettings
from gateway.clock import Clock
from gateway.telemetry import Meters

LEVELS: Mapping[BreakerState, int] = {
    BreakerState.CLOSED: 0,
    BreakerState.HALF_OPEN: 1,
    BreakerState.OPEN: 2,
}


def observe_sources(
    meters: Meters,
    adapters: Mapping[str, SourceAdapter],
    settings: Mapping[str, SourceSettings],
    clock: Clock,
) -> None:
    """Show how each of *adapters* stands with its source, and how long our certificates last.

    A connector that is not `Watched` has no series.
    """
    watched = {name: each for name, each in adapters.items() if isinstance(each, Watched)}
    end = next_end(settings[name].tls.cert_file for name in adapters)
    meters.observe(
        "motlan.connector.breaker.state",
        lambda: {name: LEVELS[each.state] for name, each in watched.items()},
    )
    meters.observe(
        "motlan.connector.inflight",
        lambda: {name: each.in_flight for name, each in watched.items()},
    )
    meters.observe(
        "motlan.credential.expiry.seconds",
        lambda: {} if end is None else {"source": (end - clock()).total_seconds()},
    )


def next_end(files: Iterable[Path | None]) -> datetime | None:
    """Return the first end of the certificates in *files*, PEM; None when there is no file.

    A connector reads its certificate once, when it opens: so may we.

    Raises:
        OSError, ValueError: a file cannot be read, or holds no certificate.
    """
    read = (x509.load_pem_x509_certificate(each.read_bytes()) for each in files if each)
    return min((each.not_valid_after_utc for each in read), default=None)
