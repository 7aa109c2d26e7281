"""The four stand-in registers in a process of their own, and connectors that know their secrets."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping

import httpx
import msgspec
import pytest

from adapters.civil import CivilStatusAdapter
from adapters.insurance import InsuranceAdapter
from adapters.land import LandAdapter
from adapters.population import PopulationAdapter
from adapters.protocol import PartialDate, Query, SourceAdapter, Subject
from adapters.settings import SourceSettings
from catalog.entries import Operation, ServiceCode
from mocks.personas import persona

ADAPTERS: Mapping[str, Callable[[SourceSettings], SourceAdapter]] = {
    "population": PopulationAdapter,
    "land": LandAdapter,
    "insurance": InsuranceAdapter,
    "civil": CivilStatusAdapter,
}
SECRETS: Mapping[str, dict[str, object]] = {
    "population": {
        "credentials": {
            "token": "pop-demo-token",
            "access_key": "demo-access",
            "secret_key": "demo-secret",
            "officer.canbo.demo": "canbo-demo-secret",
            "officer.canbo.thieu": "canbo-thieu-secret",
        },
        "options": {
            "app_name": "motlan",
            "partner_code": "H99",
            "partner_code_cus": "H99",
            "officers": {"official-without-number": "canbo.thieu"},
            "agencies": {"H99.20": "canbo.demo"},
            "default_procedure": "1.004222",
        },
    },
    "land": {"credentials": {"api_key": "land-demo-key"}, "options": {"agency": "H99"}},
    "insurance": {"credentials": {"client_id": "motlan-demo", "client_secret": "bhxh-demo-secret"}},
    "civil": {"credentials": {"user": "motlan", "password": "hotich-demo"}},
}


@pytest.fixture(scope="session")
def registers() -> Iterator[dict[str, str]]:
    """Run all four registers with a small province; give their base URLs by name."""
    with tempfile.TemporaryDirectory(prefix="motlan-registers-") as store:
        command = [sys.executable, "-m", "mocks", "all", "--port", "0", "--people", "60"]
        process = subprocess.Popen([*command, "--store", store], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().split() for _ in ADAPTERS]
            yield {line[0]: line[-1] for line in lines}
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()


def settings_for(name: str, url: str, **members: object) -> SourceSettings:
    """Return the settings of register *name* at *url*, with the demo secrets."""
    return SourceSettings.model_validate({"base_url": url, **SECRETS[name], **members})


def an_adapter(name: str, url: str, **members: object) -> SourceAdapter:
    """Return a connector to register *name*, not opened."""
    return ADAPTERS[name](settings_for(name, url, **members))


def subject_of(persona_id: str, **members: object) -> Subject:
    """Return one of the personas as a subject; *members* replace what is told of them."""
    person = persona(persona_id)
    born = person.born
    day: str | PartialDate = PartialDate(born.year, born.month, born.day)
    if born.month and born.day:
        day = f"{born.year:04d}-{born.month:02d}-{born.day:02d}"
    whole = Subject(so_dinh_danh=person.number, ho_ten=str(person.name), ngay_sinh=day)
    return msgspec.structs.replace(whole, **members)


def a_query(service: str, subject: Subject, *fields: str, **members: object) -> Query:
    """Return a question with a deadline in two seconds."""
    query = Query(
        service=ServiceCode(service),
        operation=Operation.SELECT,
        subject=subject,
        fields=frozenset(fields),
        deadline=asyncio.get_running_loop().time() + 2.0,
        exchange_id="0192f0c1-7e1a-7c40-9c1c-3d8f0f5a2b11",
        agency="H99.20",
        procedure="1.004222",
    )
    return msgspec.structs.replace(query, **members)


async def order(url: str, fault: str, times: int) -> None:
    """Tell the register at *url* to misbehave so many times; -1: until told otherwise."""
    async with httpx.AsyncClient(trust_env=False) as http:
        reply = await http.post(f"{url}/__faults/{fault}", params={"times": times})
        assert reply.status_code == 200


async def noted(url: str) -> list[dict[str, str]]:
    """Return what the register at *url* noted of the questions it was asked."""
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(f"{url}/__queries")).json()["queries"]
