"""Finding connectors by name."""

import pytest

from adapters.civil import CivilStatusAdapter
from adapters.errors import AdapterMisconfigured
from adapters.insurance import InsuranceAdapter
from adapters.land import LandAdapter
from adapters.population import PopulationAdapter
from adapters.registry import load
from adapters.settings import SourceSettings
from tests.connectors import settings_for

KINDS = {
    "population": PopulationAdapter,
    "land": LandAdapter,
    "insurance": InsuranceAdapter,
    "civil": CivilStatusAdapter,
}
URL = "http://127.0.0.1:1"


def test_ours_come_through_the_same_door_as_anybodys() -> None:
    """The entry points of the installed package name all four."""
    made = load(KINDS, {name: settings_for(name, URL) for name in KINDS})

    assert KINDS == {name: type(adapter) for name, adapter in made.items()}
    assert all(name == adapter.name for name, adapter in made.items())


def test_only_what_the_catalog_names_is_made() -> None:
    """Settings that wait for a source to be published hurt nobody."""
    made = load(["land"], {name: settings_for(name, URL) for name in KINDS})

    assert ["land"] == list(made)


@pytest.mark.parametrize("name", ["tax", "land"])
def test_a_missing_connector_or_its_settings_stops_the_process(name: str) -> None:
    """At start, not at the first request."""
    settings = {"tax": SourceSettings(base_url=URL)}

    with pytest.raises(AdapterMisconfigured, match=name):
        load([name], settings)


@pytest.mark.parametrize("name", KINDS)
def test_credentials_left_out_stop_the_process(name: str) -> None:
    """A source without credentials would refuse every question."""
    with pytest.raises(AdapterMisconfigured, match=name):
        load([name], {name: settings_for(name, URL, credentials={})})


@pytest.mark.parametrize("name", KINDS)
def test_a_misspelt_option_stops_the_process(name: str) -> None:
    """An option nobody reads is a mistake somebody made."""
    with pytest.raises(AdapterMisconfigured, match=name):
        load([name], {name: settings_for(name, URL, options={"agencys": {}})})


async def test_an_officer_without_a_secret_stops_the_process() -> None:
    """Found when the connector opens, by name of the source and without the account."""
    options = {
        "app_name": "m",
        "partner_code": "H99",
        "partner_code_cus": "H99",
        "agencies": {"H99.20": "canbo.khac"},
    }
    adapter = PopulationAdapter(settings_for("population", URL, options=options))

    with pytest.raises(AdapterMisconfigured, match="secret"):
        await adapter.open()
