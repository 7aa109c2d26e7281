"""What a scrape reads of sources: breakers, places taken, certificates of ours."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.breaker import BreakerState
from adapters.protocol import Query, Record, SourceAdapter
from adapters.settings import SourceSettings, TlsSettings
from gateway.telemetry import Meters
from gateway.wiring.gauges import next_end, observe_sources
from tests.certificates import UNTIL, Authority
from tests.connectors import an_adapter

URL = "http://127.0.0.1:1"
NOON = UNTIL - timedelta(seconds=90)


class Bare:
    """A connector of somebody else's, with nothing to look at."""

    name = "tax"

    async def open(self) -> None:
        """Nothing to open."""

    async def fetch(self, query: Query) -> Record:
        """Answer nobody."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing to close."""


class Watching(Bare):
    """One that shows how it stands."""

    def __init__(self, state: BreakerState, in_flight: int) -> None:
        self.state = state
        self.in_flight = in_flight


def read(
    adapters: Mapping[str, SourceAdapter], tls: TlsSettings | None = None
) -> dict[str, object]:
    """Return what each gauge over *adapters* reads."""
    meters = Meters()
    settings = SourceSettings(base_url=URL, tls=tls or TlsSettings())
    observe_sources(meters, adapters, dict.fromkeys(adapters, settings), lambda: NOON)
    return {name: reading() for name, reading in meters.readings.items()}


@pytest.mark.parametrize(
    ("state", "level"),
    [(BreakerState.CLOSED, 0), (BreakerState.HALF_OPEN, 1), (BreakerState.OPEN, 2)],
)
def test_a_breaker_is_a_number_by_source(state: BreakerState, level: int) -> None:
    """The alert is written against the highest."""
    found = read({"land": Watching(state, 7)})

    assert {"land": level} == found["motlan.connector.breaker.state"]
    assert {"land": 7} == found["motlan.connector.inflight"]


def test_a_connector_that_shows_nothing_has_no_series() -> None:
    """A connector from outside has to do no more than its protocol says."""
    found = read({"tax": Bare()})

    assert {} == found["motlan.connector.breaker.state"] == found["motlan.connector.inflight"]


@pytest.mark.parametrize("name", ["population", "land", "insurance", "civil"])
def test_each_connector_of_ours_can_be_looked_at(name: str) -> None:
    """One that forgot a property would be missing from every board."""
    found = read({name: an_adapter(name, URL)})

    assert {name: 0} == found["motlan.connector.breaker.state"]
    assert {name: 0} == found["motlan.connector.inflight"]


def test_a_certificate_shown_to_a_source_has_so_long_to_live(tmp_path: Path) -> None:
    """A source that turns us away on the morning after is an outage with a date."""
    certificate, key = Authority(tmp_path).certify("gateway.example")

    found = read({"tax": Bare()}, TlsSettings(cert_file=certificate, key_file=key))

    assert {"source": 90.0} == found["motlan.credential.expiry.seconds"]


def test_without_certificates_nothing_ends() -> None:
    """Most sources take a key of theirs."""
    assert {} == read({"tax": Bare()})["motlan.credential.expiry.seconds"]
    assert next_end([None, None]) is None


def test_a_certificate_file_without_one_is_refused(tmp_path: Path) -> None:
    """A gauge that shows nothing where a certificate was meant would calm everybody."""
    path = tmp_path / "empty.pem"
    path.write_text("nothing\n")

    with pytest.raises(ValueError, match="PEM"):
        next_end([path])
